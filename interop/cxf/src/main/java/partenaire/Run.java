package partenaire;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import fr.viatrajectoire.pa.AccesDossierRequest;
import fr.viatrajectoire.pa.ConsulterDossierPResponse;
import fr.viatrajectoire.pa.CreationDossierRequest;
import fr.viatrajectoire.pa.CreerDossierPResponse;
import fr.viatrajectoire.pa.JetonSecuritePAResponse;
import fr.viatrajectoire.pa.ListeAccesDossierRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;
import javax.xml.bind.JAXBContext;
import javax.xml.transform.stream.StreamSource;
import javax.xml.ws.soap.SOAPFaultException;
import org.apache.cxf.frontend.ClientProxy;
import org.apache.cxf.interceptor.Interceptor;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.wss4j.common.ext.WSSecurityException;

/** Apache CXF against a live server: reads a scenario.json, prints a result.json (interop/README.md says what they hold). */
public final class Run {
    private static final String PA = "urn:viatrajectoire:ws:pa:1";
    /** The scenario writes a list as an array; the contract has an element around it, with items of this name. */
    private static final Map<String, String> ITEMS =
        Map.of("Contacts", "Contact", "Type", "Nomenclature", "AutresDonnees", "Parametre");

    private final JsonObject scenario;
    private final ViaTrajectoire.Mode mode;
    private final Map<String, ViaTrajectoire> clients = new java.util.HashMap<>();
    private final Path trace;
    private int number;
    private UnaryOperator<String> spoilRequest;
    private UnaryOperator<String> spoilAnswer;
    private String idDossier = "";
    private String jeton = "";

    private Run(JsonObject scenario, ViaTrajectoire.Mode mode) throws IOException {
        this.scenario = scenario;
        this.mode = mode;
        this.trace = Files.createDirectories(Path.of(text(scenario, "trace")));
    }

    public static void main(String[] arguments) throws Exception {
        JsonObject scenario = new Gson().fromJson(Files.readString(Path.of(arguments[1])), JsonObject.class);
        ViaTrajectoire.Mode mode = arguments[0].equals("policy") ? ViaTrajectoire.Mode.POLITIQUE : ViaTrajectoire.Mode.ACTIONS;
        Run run = new Run(scenario, mode);
        JsonArray steps = new JsonArray();
        for (JsonElement step : scenario.getAsJsonArray("steps")) {
            String name = step.getAsString();
            System.err.println("  cxf " + arguments[0] + ": " + name);
            JsonObject seen;
            try {
                seen = run.step(name);
            } catch (Throwable error) { // a step that breaks is a result too: the runner shows it with the others
                seen = new JsonObject();
                seen.addProperty("error", causes(error));
            }
            seen.addProperty("step", name);
            steps.add(seen);
        }
        JsonObject result = new JsonObject();
        result.addProperty("stack", "Apache CXF " + org.apache.cxf.version.Version.getCurrentVersion()
            + ", WSS4J " + WSSecurityException.class.getPackage().getImplementationVersion());
        result.add("steps", steps);
        System.out.println(new GsonBuilder().setPrettyPrinting().create().toJson(result));
        System.exit(0);
    }

    private static String causes(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            text.append(text.length() == 0 ? "" : " <- ").append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
        }
        return text.toString();
    }

    private static String text(JsonObject object, String name) {
        return object.get(name).getAsString();
    }

    private ViaTrajectoire client(String who, ViaTrajectoire.Profil profil) throws Exception {
        String key = who + profil;
        if (!clients.containsKey(key)) {
            JsonObject identity = scenario.getAsJsonObject(who);
            ViaTrajectoire made = new ViaTrajectoire(text(scenario, "base"), Path.of(text(identity, "certificate")), Path.of(text(identity, "key")),
                Path.of(text(scenario.getAsJsonObject("server"), "certificate")), Path.of(text(scenario, "ca")), mode, profil);
            for (Object port : List.of(made.creation(), made.consultation())) {
                // the address of the scenario: the WSDL's is the server's own idea of it
                var client = ClientProxy.getClient(port);
                client.getOutInterceptors().add(new Sent());
                List<Interceptor<? extends Message>> received = List.of(new Received());
                client.getInInterceptors().addAll(received);
                client.getInFaultInterceptors().addAll(received);
            }
            clients.put(key, made);
        }
        return clients.get(key);
    }

    private JsonObject step(String name) throws Exception {
        ViaTrajectoire.Profil profil = name.startsWith("saml_") ? ViaTrajectoire.Profil.SAML
            : name.startsWith("encrypted_") ? ViaTrajectoire.Profil.CHIFFRE : ViaTrajectoire.Profil.X509;
        ViaTrajectoire who = client("partner", profil);
        JsonObject seen = new JsonObject();
        switch (name.replaceFirst("^(saml|encrypted)_", "")) {
            case "wsdl" -> {
                JsonArray operations = new JsonArray();
                List.of(who.creation(), who.consultation()).stream()
                    .flatMap(port -> ClientProxy.getClient(port).getEndpoint().getBinding().getBindingInfo().getOperations().stream())
                    .map(operation -> operation.getName().getLocalPart()).sorted().forEach(operations::add);
                seen.add("operations", operations);
            }
            case "create" -> {
                CreerDossierPResponse answer = who.creation().creerDossierPA(creation(null));
                idDossier = answer.getIdDossier();
                seen.addProperty("code", answer.getCodeRetour().getCode());
                seen.addProperty("id_dossier", idDossier);
            }
            case "create_invalid" -> {
                CreerDossierPResponse answer = who.creation().creerDossierPA(creation("x".repeat(256)));
                seen.addProperty("code", answer.getCodeRetour().getCode());
                seen.addProperty("message", answer.getCodeRetour().getMessage());
            }
            case "consult" -> {
                List<ConsulterDossierPResponse> answers = consult(who, access(idDossier, null), access(idDossier, "quelqu'un d'autre"), access("0000000000000", null));
                JsonArray codes = new JsonArray();
                answers.forEach(answer -> codes.add(answer.getCodeRetour().getCode()));
                seen.add("codes", codes);
                seen.addProperty("nom_naissance", answers.get(0).getDossier().getDemandeur().getNomNaissance());
                seen.addProperty("statut", String.valueOf(answers.get(0).getDossier().getStatutDossier()));
            }
            case "token" -> {
                JetonSecuritePAResponse answer = who.consultation().genererJetonSecuritePA(access(idDossier, null));
                jeton = answer.getJetonSecurite();
                seen.addProperty("code", answer.getCodeRetour().getCode());
                seen.addProperty("length", jeton.length());
            }
            case "enter" -> enter(seen);
            case "unregistered" -> seen.addProperty("code",
                client("unregistered", profil).creation().creerDossierPA(creation(null)).getCodeRetour().getCode());
            case "fault" -> fault(who, seen);
            case "tampered_answer" -> refused(who, seen, answer -> spoiled(">999<", ">998<", answer));
            case "wrapped_answer" -> refused(who, seen, Run::wrapped);
            case "commented_answer" -> commented(who, seen);
            case "unsigned_answer" -> refused(who, seen, answer -> answer.replaceFirst("(?s)<ds:Signature .*</ds:Signature>", ""));
            case "bare_answer" -> refused(who, seen, answer -> answer.replaceFirst("(?s)<soap:Header>.*</soap:Header>", ""));
            // what anyone on the way could make: a fault without a Security header
            case "bare_fault" -> refused(who, seen, answer ->
                "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value></e:Code>"
                    + "<e:Reason><e:Text xml:lang=\"en\">forged</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>");
            default -> throw new IllegalArgumentException("no such step");
        }
        return seen;
    }

    /** The user's browser follows the redirection; a second use of the token leads nowhere. */
    private void enter(JsonObject seen) throws Exception {
        var magasin = java.security.KeyStore.getInstance("PKCS12");
        magasin.load(null, null);
        try (InputStream ca = Files.newInputStream(Path.of(text(scenario, "ca")))) {
            magasin.setCertificateEntry("ca", java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(ca));
        }
        var confiance = javax.net.ssl.TrustManagerFactory.getInstance("PKIX");
        confiance.init(magasin);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, confiance.getTrustManagers(), null);
        HttpClient browser = HttpClient.newBuilder().sslContext(tls).followRedirects(HttpClient.Redirect.NEVER).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(text(scenario, "base") + "/acces?jeton=" + jeton)).build();
        JsonArray statuses = new JsonArray();
        for (int time = 0; time < 2; time++) {
            HttpResponse<String> answer = browser.send(request, HttpResponse.BodyHandlers.ofString());
            statuses.add(answer.statusCode());
            answer.headers().firstValue("location").ifPresent(to -> seen.addProperty("location", to));
        }
        seen.add("statuses", statuses);
    }

    /** A request altered after it was signed: the fault is read, so its signature was verified before. */
    private void fault(ViaTrajectoire who, JsonObject seen) throws Exception {
        // of an encrypted request, what is in the clear: its Timestamp
        spoilRequest = request -> request.contains("EncryptedData")
            ? request.replaceFirst("Created>20", "Created>19") : spoiled(">1938-", ">1939-", request);
        try {
            who.creation().creerDossierPA(creation(null));
            seen.addProperty("code", "none");
        } catch (SOAPFaultException error) {
            if (isRefusal(error)) {
                throw error;
            }
            var fault = error.getFault();
            seen.addProperty("code", fault.getFaultCodeAsQName().getPrefix() + ":" + fault.getFaultCodeAsQName().getLocalPart());
            JsonArray subcodes = new JsonArray();
            fault.getFaultSubcodes().forEachRemaining(subcode -> subcodes.add(subcode.getLocalPart()));
            seen.add("subcodes", subcodes);
            seen.addProperty("reason", fault.getFaultString());
        }
    }

    private void refused(ViaTrajectoire who, JsonObject seen, UnaryOperator<String> spoil) throws Exception {
        spoilAnswer = spoil;
        try {
            List<ConsulterDossierPResponse> answers = consult(who, access(idDossier, null));
            seen.addProperty("refused", false);
            seen.addProperty("why", "the answer was believed: " + answers.get(0).getCodeRetour().getCode());
        } catch (RuntimeException error) {
            seen.addProperty("refused", isRefusal(error));
            seen.addProperty("why", causes(error));
        }
    }

    /** The signature still holds, for its canonical form has no comments; the value must be read as it was signed. */
    private void commented(ViaTrajectoire who, JsonObject seen) throws Exception {
        spoilAnswer = answer -> spoiled("ContacteurDemandeur>true<", "ContacteurDemandeur>tr<!-- -->ue<", answer);
        try {
            List<ConsulterDossierPResponse> answers = consult(who, access(idDossier, null));
            seen.addProperty("refused", false);
            seen.addProperty("contacteur", answers.get(0).getDossier().getDemandeur().isContacteurDemandeur());
        } catch (RuntimeException error) {
            if (!isRefusal(error)) {
                throw error;
            }
            seen.addProperty("refused", true);
            seen.addProperty("why", causes(error));
        }
    }

    /** Whether WSS4J, the policy or our own check refused the answer, rather than the answer being a fault that was believed. */
    private static boolean isRefusal(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof WSSecurityException || cause instanceof org.apache.cxf.ws.policy.PolicyException
                || cause instanceof ExigerSignature.SignatureRefusee
                || cause instanceof org.apache.cxf.binding.soap.SoapFault fault && fault.getFaultCode().getNamespaceURI().contains("wss")) {
                return true;
            }
        }
        return false;
    }

    private AccesDossierRequest access(String dossier, String local) {
        AccesDossierRequest access = new AccesDossierRequest();
        access.setIdDossier(dossier);
        access.setIdLocal(local == null ? text(scenario.getAsJsonObject("creation"), "IdLocal") : local);
        return access;
    }

    private List<ConsulterDossierPResponse> consult(ViaTrajectoire who, AccesDossierRequest... entries) {
        ListeAccesDossierRequest list = new ListeAccesDossierRequest();
        list.getAccesDossierRequest().addAll(List.of(entries));
        return who.consultation().consulterDossierPA(list).getConsulterDossierPResponse();
    }

    private CreationDossierRequest creation(String idLocal) throws Exception {
        JsonObject creation = scenario.getAsJsonObject("creation").deepCopy();
        if (idLocal != null) {
            creation.addProperty("IdLocal", idLocal);
        }
        StringBuilder xml = new StringBuilder("<c xmlns=\"" + PA + "\">");
        creation.entrySet().forEach(member -> write(member.getKey(), member.getValue(), xml));
        xml.append("</c>");
        return JAXBContext.newInstance(CreationDossierRequest.class).createUnmarshaller()
            .unmarshal(new StreamSource(new StringReader(xml.toString())), CreationDossierRequest.class).getValue();
    }

    private static void write(String name, JsonElement value, StringBuilder xml) {
        xml.append('<').append(name).append('>');
        if (value instanceof JsonArray items) {
            items.forEach(item -> write(ITEMS.get(name), item, xml));
        } else if (value instanceof JsonObject object) {
            object.entrySet().forEach(member -> write(member.getKey(), member.getValue(), xml));
        } else {
            xml.append(((JsonPrimitive) value).getAsString().replace("&", "&amp;").replace("<", "&lt;"));
        }
        xml.append("</").append(name).append('>');
    }

    /** The message with the first {@code old} of its Body turned into {@code fresh}. */
    private static String spoiled(String old, String fresh, String message) {
        int at = message.indexOf(old, message.indexOf(":Body"));
        if (at < 0) {
            throw new IllegalStateException(old + " is not in the Body: nothing would be spoiled");
        }
        return message.substring(0, at) + fresh + message.substring(at + old.length());
    }

    /**
     * An altered Body in the place of the signed one, which is moved behind it: the signature itself still holds. In the header,
     * where other drivers put it, CXF would read that one, for it takes the first Body of the message, however deep it stands.
     */
    private static String wrapped(String answer) {
        int start = answer.indexOf("<soap:Body");
        int end = answer.indexOf("</soap:Body>") + "</soap:Body>".length();
        String body = answer.substring(start, end);
        return answer.substring(0, start) + spoiled(">999<", ">998<", body) + "<Wrapper>" + body + "</Wrapper>" + answer.substring(end);
    }

    private void keep(String kind, String text) throws IOException {
        Files.writeString(trace.resolve(String.format("%02d-%s.xml", number, kind)), text);
    }

    /** Keeps the request as it goes over the wire, spoilt if a step asks for it. */
    private final class Sent extends AbstractPhaseInterceptor<Message> {
        private Sent() {
            super(Phase.PRE_STREAM);
        }

        @Override
        public void handleMessage(Message message) {
            OutputStream wire = message.getContent(OutputStream.class);
            message.setContent(OutputStream.class, new java.io.ByteArrayOutputStream() {
                private boolean done;

                @Override
                public void close() throws IOException {
                    if (done) {
                        return;
                    }
                    done = true;
                    String text = toString(StandardCharsets.UTF_8);
                    number++;
                    if (spoilRequest != null) {
                        text = spoilRequest.apply(text);
                        spoilRequest = null;
                    }
                    keep("request", text);
                    wire.write(text.getBytes(StandardCharsets.UTF_8));
                    wire.close();
                }
            });
            message.getInterceptorChain().add(new AbstractPhaseInterceptor<Message>(Phase.PRE_STREAM_ENDING) {
                @Override
                public void handleMessage(Message ending) {
                    try {
                        OutputStream kept = ending.getContent(OutputStream.class);
                        kept.close();
                    } catch (IOException error) {
                        throw new org.apache.cxf.interceptor.Fault(error);
                    }
                }
            });
        }
    }

    /** Keeps the answer, and spoils it for the client if a step asks for it. */
    private final class Received extends AbstractPhaseInterceptor<Message> {
        private Received() {
            super(Phase.RECEIVE);
        }

        @Override
        public void handleMessage(Message message) {
            InputStream wire = message.getContent(InputStream.class);
            if (wire == null || message.containsKey("vtpa.kept")) {
                return;
            }
            message.put("vtpa.kept", true);
            try {
                String text = new String(wire.readAllBytes(), StandardCharsets.UTF_8);
                keep("response", text);
                if (spoilAnswer != null) {
                    text = spoilAnswer.apply(text);
                    spoilAnswer = null;
                }
                message.setContent(InputStream.class, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
            } catch (IOException error) {
                throw new org.apache.cxf.interceptor.Fault(error);
            }
        }
    }
}
