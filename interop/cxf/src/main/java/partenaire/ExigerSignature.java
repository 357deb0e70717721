package partenaire;

import java.util.List;
import org.apache.cxf.binding.soap.SoapMessage;
import org.apache.cxf.binding.soap.interceptor.AbstractSoapInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.cxf.ws.security.wss4j.DefaultCryptoCoverageChecker;
import org.apache.cxf.ws.security.wss4j.PolicyBasedWSS4JInInterceptor;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.handler.WSHandlerConstants;
import org.apache.wss4j.dom.handler.WSHandlerResult;

/**
 * Refuse ce qui ne porte aucune signature : CXF laisse passer une erreur SOAP sans en-tête Security (« The request is a SOAP
 * Fault, but it is not secured »), que n'importe qui sur le chemin peut écrire.
 */
// [guide: erreurs]
final class ExigerSignature extends AbstractSoapInterceptor {
    /** La réponse n'est pas signée. */
    static final class SignatureRefusee extends RuntimeException {
        SignatureRefusee(String message) {
            super(message);
        }
    }

    ExigerSignature() {
        super(Phase.PRE_PROTOCOL);
        addAfter(WSS4JInInterceptor.class.getName());
        addAfter("partenaire.ViaTrajectoire$Verification");
        addAfter(PolicyBasedWSS4JInInterceptor.class.getName());
        addBefore(DefaultCryptoCoverageChecker.class.getName());
    }

    @Override
    public void handleMessage(SoapMessage message) {
        verifier(message);
    }

    static void verifier(SoapMessage message) {
        @SuppressWarnings("unchecked")
        List<WSHandlerResult> resultats = (List<WSHandlerResult>) message.get(WSHandlerConstants.RECV_RESULTS);
        boolean signe = resultats != null && resultats.stream()
            .anyMatch(resultat -> resultat.getActionResults().containsKey(WSConstants.SIGN));
        if (!signe) {
            throw new SignatureRefusee("la réponse n'est pas signée");
        }
    }
}
// [/guide]
