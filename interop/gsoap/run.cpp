/** gSOAP against a live server: reads a scenario.json, prints a result.json (interop/README.md says what they hold). */
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "CreationPASoap12.nsmap"
#include "viatrajectoire.hpp"

using json = nlohmann::json;
using Spoil = std::function<std::string(const std::string &)>;

/** The scenario writes a list as an array; the contract has an element around it, with items of this name. */
static const std::map<std::string, std::string> ITEMS = {{"Contacts", "Contact"}, {"Type", "Nomenclature"}, {"AutresDonnees", "Parametre"}};

static void write(const std::string &name, const json &value, std::string &xml) {
    xml += "<" + name + ">";
    if (value.is_array()) {
        for (const auto &item : value) write(ITEMS.at(name), item, xml);
    } else if (value.is_object()) {
        for (const auto &[key, member] : value.items()) write(key, member, xml);
    } else {
        for (char c : value.is_string() ? value.get<std::string>() : value.dump())
            xml += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    }
    xml += "</" + name + ">";
}

/** The wire of one exchange: keeps both envelopes in the trace folder, and spoils one when a step asks for it. */
struct Wire {
    std::string trace;
    int number = 0;
    std::string sent, received;
    size_t served = 0;
    bool slurped = false;
    Spoil spoil_request, spoil_answer;
    int (*fsend)(struct soap *, const char *, size_t) = nullptr;
    size_t (*frecv)(struct soap *, char *, size_t) = nullptr;

    void keep(const char *kind, const std::string &message) const {
        char name[40];
        snprintf(name, sizeof name, "%02d-%s.xml", number, kind);
        size_t body = message.find("\r\n\r\n");
        std::ofstream(trace + "/" + name, std::ios::binary) << message.substr(body == std::string::npos ? 0 : body + 4);
    }
};
static Wire wire;

/** An HTTP message with another body. */
static std::string with_body(const std::string &message, const Spoil &change) {
    size_t body = message.find("\r\n\r\n") + 4;
    std::string fresh = change(message.substr(body)), head = message.substr(0, body), lower = head;
    for (char &c : lower) c = static_cast<char>(tolower(c));
    size_t length = lower.find("content-length:");
    if (length == std::string::npos) return head + fresh;
    size_t end = head.find("\r\n", length);
    return head.replace(length, end - length, "Content-Length: " + std::to_string(fresh.size())) + fresh;
}

/** Whether a whole HTTP message is there. */
static bool is_whole(const std::string &message) {
    size_t body = message.find("\r\n\r\n");
    if (body == std::string::npos) return false;
    std::string head = message.substr(0, body);
    for (char &c : head) c = static_cast<char>(tolower(c));
    size_t length = head.find("content-length:");
    return length != std::string::npos && message.size() >= body + 4 + std::stoul(head.substr(length + 15));
}

/** gSOAP writes a message in pieces: it goes out whole. */
static int on_send(struct soap *soap, const char *bytes, size_t count) {
    wire.sent.append(bytes, count);
    if (!is_whole(wire.sent)) return SOAP_OK;
    std::string message = wire.spoil_request ? with_body(wire.sent, wire.spoil_request) : wire.sent;
    wire.spoil_request = nullptr;
    wire.keep("request", message);
    return wire.fsend(soap, message.data(), message.size());
}

static size_t on_receive(struct soap *soap, char *bytes, size_t room) {
    if (!wire.slurped) {
        char piece[65536];
        while (!is_whole(wire.received)) {
            size_t count = wire.frecv(soap, piece, sizeof piece);
            if (count == 0) break;
            wire.received.append(piece, count);
        }
        wire.slurped = true;
        wire.keep("response", wire.received);
        if (wire.spoil_answer) wire.received = with_body(wire.received, wire.spoil_answer);
        wire.spoil_answer = nullptr;
    }
    size_t count = std::min(room, wire.received.size() - wire.served);
    memcpy(bytes, wire.received.data() + wire.served, count);
    wire.served += count;
    return count;
}

static void prepare(struct soap *soap) {
    wire.number++;
    wire.sent.clear();
    wire.received.clear();
    wire.served = 0;
    wire.slurped = false;
    wire.fsend = soap->fsend;
    wire.frecv = soap->frecv;
    soap->fsend = on_send;
    soap->frecv = on_receive;
}

static std::string spoiled(const std::string &old, const std::string &fresh, std::string message) {
    size_t at = message.find(old, message.find(":Body"));
    if (at == std::string::npos) throw std::logic_error(old + " is not in the Body: nothing would be spoiled");
    return message.replace(at, old.size(), fresh);
}

/** The message without what stands from `from` to the end of `to`. */
static std::string without(const std::string &from, const std::string &to, std::string message) {
    size_t start = message.find(from);
    return message.erase(start, message.find(to) + to.size() - start);
}

/** The signed Body moved into the header, an altered one in its place: the signature itself still holds. */
static std::string wrapped(const std::string &message) {
    size_t start = message.find("<soap:Body"), end = message.find("</soap:Body>") + 12;
    std::string body = message.substr(start, end - start), before = message.substr(0, start);
    size_t header = before.find("</soap:Header>");
    return before.insert(header, "<Wrapper>" + body + "</Wrapper>") + spoiled(">999<", ">998<", body) + message.substr(end);
}

static std::string value(const std::string *text) { return text ? *text : ""; }
static std::string value(const std::string &text) { return text; }

class Scenario {
    const json &scenario;
    std::map<std::string, std::unique_ptr<Partenaire>> partners;
    std::string id_dossier, token;

    Partenaire &partner(const std::string &profile) {
        auto &made = partners[profile];
        if (!made) {
            const json &identity = scenario[profile == "unregistered" ? "unregistered" : "partner"];
            made = std::make_unique<Partenaire>(Reglages{.url = scenario["base"], .certificat = identity["certificate"], .cle = identity["key"],
                .certificat_serveur = scenario["server"]["certificate"], .autorites = scenario["ca"],
                .utilisateur = profile == "saml" ? "agent-7" : "", .prepare = prepare});
        }
        return *made;
    }

    /** Creates, and gives `read` the answer. */
    void create(const std::string &profile, const std::string &id_local, const std::function<void(ns1__CreerDossierPResponse &)> &read) {
        json creation = scenario["creation"];
        if (!id_local.empty()) creation["IdLocal"] = id_local;
        std::string xml = "<CreerDossierPA xmlns=\"urn:viatrajectoire:ws:pa:1\">";
        write("CreationDossier", creation, xml);
        xml += "</CreerDossierPA>";
        struct soap *reader = soap_new1(SOAP_C_UTFSTRING);
        std::istringstream stream(xml);
        reader->is = &stream;
        _ns1__CreerDossierPA request;
        if (soap_read__ns1__CreerDossierPA(reader, &request)) throw std::logic_error("the scenario's creation cannot be read");
        _ns1__CreerDossierPAResponse answer;
        partner(profile).appeler([&](auto &proxy, auto *url, auto *action) { return proxy.CreerDossierPA(url, action, &request, answer); },
            "/ws/creation", "CreerDossierPA", [&] { read(*answer.Response); });
        soap_destroy(reader);
        soap_end(reader);
        soap_free(reader);
    }

    using Entries = std::vector<std::pair<std::string, std::string>>;
    void consult(const std::string &profile, const Entries &entries, const std::function<void(ns1__ListeConsulterDossierPResponse &)> &read) {
        std::vector<ns1__AccesDossierRequest> accesses(entries.size());
        ns1__ListeAccesDossierRequest list;
        for (size_t i = 0; i < entries.size(); i++) {
            accesses[i].IdDossier = entries[i].first;
            accesses[i].IdLocal = entries[i].second;
            list.AccesDossierRequest.push_back(&accesses[i]);
        }
        _ns1__ConsulterDossierPA request;
        request.ListeDossier = &list;
        _ns1__ConsulterDossierPAResponse answer;
        partner(profile).appeler([&](auto &proxy, auto *url, auto *action) { return proxy.ConsulterDossierPA(url, action, &request, answer); },
            "/ws/consultation", "ConsulterDossierPA", [&] { read(*answer.Response); });
    }

    json refused(const Spoil &spoil) {
        wire.spoil_answer = spoil;
        try {
            consult("x509", {{id_dossier, scenario["creation"]["IdLocal"]}}, [](auto &) {});
        } catch (const SignatureRefusee &why) {
            return {{"refused", true}, {"why", why.what()}};
        } catch (const std::exception &fault) {
            return {{"refused", false}, {"why", std::string("believed: ") + fault.what()}};
        }
        return {{"refused", false}, {"why", "the answer was believed"}};
    }

    /** The user's browser follows the redirection; a second use of the token leads nowhere. */
    json enter() {
        json seen = {{"statuses", json::array()}};
        for (int time = 0; time < 2; time++) {
            struct soap *browser = soap_new1(SOAP_C_UTFSTRING);
            soap_ssl_client_context(browser, SOAP_SSL_DEFAULT, nullptr, nullptr, scenario["ca"].get<std::string>().c_str(), nullptr, nullptr);
            std::string url = scenario["base"].get<std::string>() + "/acces?jeton=" + token;
            int status = soap_GET(browser, url.c_str(), nullptr) || soap_begin_recv(browser) ? browser->error : 200;
            seen["statuses"].push_back(status);
            if (status == 303 && !seen.contains("location")) seen["location"] = browser->endpoint;
            soap_closesock(browser);
            soap_end(browser);
            soap_free(browser);
        }
        return seen;
    }

  public:
    explicit Scenario(const json &scenario) : scenario(scenario) {}

    json step(const std::string &name) {
        std::string profile = "x509", operation = name;
        if (name.rfind("saml_", 0) == 0) profile = "saml", operation = name.substr(5);
        const std::string id_local = scenario["creation"]["IdLocal"];
        json seen;
        if (operation == "wsdl") {
            // the classes were generated from the contract: from what is served they would be the same
            const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
            const std::string work = wire.trace + "/../";
            seen["operations"] = json::array();
            for (const char *service : {"creation", "consultation"}) {
                std::string wsdl = get(scenario["base"].get<std::string>() + "/ws/" + service + "?wsdl");
                std::ofstream(work + service + ".wsdl") << wsdl;
                for (size_t at = wsdl.find("<wsdl:portType"); (at = wsdl.find("<wsdl:operation name=\"", at)) < wsdl.find("</wsdl:portType>"); at++)
                    seen["operations"].push_back(wsdl.substr(at + 22, wsdl.find('"', at + 22) - at - 22));
            }
            std::sort(seen["operations"].begin(), seen["operations"].end());
            const std::string generate = "cd '" + work + "' && wsdl2h -o pa.h creation.wsdl consultation.wsdl >wsdl2h.log 2>&1 && sh '"
                + std::filesystem::absolute("interop/gsoap/definitions.sh").string() + "' pa.h >served.definitions && cmp served.definitions '"
                + (folder / "contract.definitions").string() + "' >&2";
            if (std::system(generate.c_str()) != 0) throw std::runtime_error("the served WSDLs make other classes than the contract");
        } else if (operation == "create") {
            create(profile, "", [&](auto &answer) {
                id_dossier = value(answer.IdDossier);
                seen = {{"code", value(answer.CodeRetour->Code)}, {"id_dossier", id_dossier}};
            });
        } else if (operation == "create_invalid") {
            create(profile, std::string(256, 'x'), [&](auto &answer) {
                seen = {{"code", value(answer.CodeRetour->Code)}, {"message", value(answer.CodeRetour->Message)}};
            });
        } else if (operation == "consult") {
            consult(profile, {{id_dossier, id_local}, {id_dossier, "quelqu'un d'autre"}, {"0000000000000", id_local}}, [&](auto &answer) {
                seen["codes"] = json::array();
                for (auto *each : answer.ConsulterDossierPResponse) seen["codes"].push_back(value(each->CodeRetour->Code));
                auto &dossier = *answer.ConsulterDossierPResponse.at(0)->Dossier;
                seen["nom_naissance"] = value(dossier.Demandeur->NomNaissance);
                struct soap *names = soap_new();
                seen["statut"] = soap_ns1__StatutDemande2s(names, dossier.StatutDossier);
                soap_end(names);
                soap_free(names);
            });
        } else if (operation == "token") {
            ns1__AccesDossierRequest access;
            access.IdDossier = id_dossier;
            access.IdLocal = id_local;
            _ns1__GenererJetonSecuritePA request;
            request.Dossier = &access;
            _ns1__GenererJetonSecuritePAResponse answer;
            partner(profile).appeler([&](auto &proxy, auto *url, auto *action) { return proxy.GenererJetonSecuritePA(url, action, &request, answer); },
                "/ws/consultation", "GenererJetonSecuritePA", [&] {
                    token = value(answer.Response->JetonSecurite);
                    seen = {{"code", value(answer.Response->CodeRetour->Code)}, {"length", token.size()}};
                });
        } else if (operation == "enter") {
            seen = enter();
        } else if (operation == "unregistered") {
            create("unregistered", "", [&](auto &answer) { seen["code"] = value(answer.CodeRetour->Code); });
        } else if (operation == "fault") {
            // a request altered after it was signed: the fault is read, so its signature was verified before
            wire.spoil_request = [](const std::string &message) { return spoiled(">1938-", ">1939-", message); };
            try {
                create(profile, "", [&](auto &) { seen["code"] = "none"; });
            } catch (const ErreurSoap &fault) {
                seen = {{"code", fault.code}, {"subcodes", {fault.sous_code}}, {"reason", fault.what()}};
            }
        } else if (operation == "tampered_answer") {
            seen = refused([](const std::string &answer) { return spoiled(">999<", ">998<", answer); });
        } else if (operation == "wrapped_answer") {
            seen = refused(wrapped);
        } else if (operation == "commented_answer") {
            // the signature still holds, for its canonical form has no comments; the value must be read as it was signed
            wire.spoil_answer = [](const std::string &answer) { return spoiled("ContacteurDemandeur>true<", "ContacteurDemandeur>tr<!-- -->ue<", answer); };
            try {
                consult(profile, {{id_dossier, id_local}}, [&](auto &answer) {
                    const bool *contacteur = answer.ConsulterDossierPResponse.at(0)->Dossier->Demandeur->ContacteurDemandeur;
                    seen = {{"refused", false}, {"contacteur", contacteur ? json(*contacteur) : json()}};
                });
            } catch (const SignatureRefusee &why) {
                seen = {{"refused", true}, {"why", why.what()}};
            }
        } else if (operation == "unsigned_answer") {
            seen = refused([](const std::string &answer) { return without("<ds:Signature ", "</ds:Signature>", answer); });
        } else if (operation == "bare_answer") {
            seen = refused([](const std::string &answer) { return without("<soap:Header>", "</soap:Header>", answer); });
        } else if (operation == "bare_fault") {
            // what anyone on the way could make: a fault without a Security header
            seen = refused([](const std::string &) {
                return std::string("<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value></e:Code>"
                                   "<e:Reason><e:Text xml:lang=\"en\">forged</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>");
            });
        } else {
            throw std::logic_error("no such step");
        }
        return seen;
    }

  private:
    std::string get(const std::string &url) {
        struct soap *reader = soap_new1(SOAP_C_UTFSTRING);
        soap_ssl_client_context(reader, SOAP_SSL_DEFAULT, nullptr, nullptr, scenario["ca"].get<std::string>().c_str(), nullptr, nullptr);
        std::string text;
        if (!soap_GET(reader, url.c_str(), nullptr) && !soap_begin_recv(reader)) {
            if (char *body = soap_http_get_body(reader, nullptr)) text = body;
            soap_end_recv(reader);
        }
        soap_closesock(reader);
        soap_end(reader);
        soap_free(reader);
        return text;
    }
};

int main(int, char **arguments) {
    json scenario = json::parse(std::ifstream(arguments[1]));
    wire.trace = scenario["trace"];
    std::filesystem::create_directories(wire.trace);
    soap_ssl_init();
    Scenario run(scenario);
    json steps = json::array();
    for (const std::string name : scenario["steps"]) {
        std::cerr << "  gsoap: " << name << std::endl;
        json seen;
        try {
            seen = run.step(name);
        } catch (const std::exception &error) { // a step that breaks is a result too: the runner shows it with the others
            seen = {{"error", error.what()}};
        }
        seen["step"] = name;
        steps.push_back(seen);
    }
    std::cout << json{{"stack", "gSOAP " + std::to_string(GSOAP_VERSION / 100000) + "." + std::to_string(GSOAP_VERSION / 1000 % 100) + "." + std::to_string(GSOAP_VERSION % 1000)}, {"steps", steps}}.dump(2) << std::endl;
}
