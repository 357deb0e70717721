<?php

declare(strict_types=1);

/** PHP's SoapClient against a live server: reads a scenario.json, prints a result.json (interop/README.md says what they hold). */

require __DIR__ . '/ViaTrajectoire.php';

// The scenario writes a list as an array; the contract has an element around it, with items of this name.
const ITEMS = ['Contacts' => 'Contact', 'Type' => 'Nomenclature', 'AutresDonnees' => 'Parametre'];

/** A value of the scenario in the form that SoapClient takes. */
function contract_lists(mixed $value): mixed
{
    if (!is_array($value)) {
        return $value;
    }
    $taken = [];
    foreach ($value as $name => $member) {
        $taken[$name] = isset(ITEMS[$name]) ? [ITEMS[$name] => array_map(contract_lists(...), $member)] : contract_lists($member);
    }
    return $taken;
}

/** Keeps each envelope in the trace folder, and spoils the next request or answer when a step asks for it. */
final class Wire extends ViaTrajectoire
{
    public static string $trace;
    private static int $number = 0;
    public static ?Closure $spoil_request = null;
    public static ?Closure $spoil_answer = null;

    protected function transporter(string $message, string $location, string $action, int $version): ?string
    {
        $number = sprintf('%02d', ++self::$number);
        if (self::$spoil_request) {
            [$message, self::$spoil_request] = [(self::$spoil_request)($message), null];
        }
        file_put_contents(self::$trace . "/$number-request.xml", $message);
        $answer = parent::transporter($message, $location, $action, $version);
        if ($answer === null) {
            return null;
        }
        file_put_contents(self::$trace . "/$number-response.xml", $answer);
        if (self::$spoil_answer) {
            [$answer, self::$spoil_answer] = [(self::$spoil_answer)($answer), null];
        }
        return $answer;
    }
}

/** The message with the first $old of its Body turned into $new. */
function spoiled(string $old, string $new, string $message): string
{
    $body = strpos($message, ':Body');
    $start = $body === false ? false : strpos($message, $old, $body);
    if ($start === false) {
        throw new LogicException("$old is not in the Body: nothing would be spoiled");
    }
    return substr_replace($message, $new, $start, strlen($old));
}

/** The signed Body moved into the header, an altered one in its place: the signature itself still holds. */
function wrapped(string $old, string $new, string $message): string
{
    $document = new DOMDocument();
    $document->loadXML($message);
    [$header, $body] = [$document->documentElement->firstElementChild, $document->documentElement->lastElementChild];
    $copy = new DOMDocument();
    $copy->loadXML(str_replace($old, $new, $body->C14N(true)));
    $document->documentElement->replaceChild($document->importNode($copy->documentElement, true), $body);
    $header->appendChild($document->createElement('Wrapper'))->appendChild($body);
    return $document->saveXML();
}

/** The message without the element of that name. */
function without(string $namespace, string $name, string $message): string
{
    $document = new DOMDocument();
    $document->loadXML($message);
    $element = $document->getElementsByTagNameNS($namespace, $name)->item(0);
    $element->parentNode->removeChild($element);
    return $document->saveXML();
}

/** The steps. Each one returns what it saw; whether that is right is for the runner to say. */
final class Scenario
{
    private array $creation;
    private array $clients = [];
    private string $id_dossier = '';
    private string $token = '';

    public function __construct(private array $scenario)
    {
        $this->creation = contract_lists($scenario['creation']);
        Wire::$trace = $scenario['trace'];
        is_dir(Wire::$trace) || mkdir(Wire::$trace, recursive: true);
    }

    /** A client for one of the services, of one identity, with what the profile adds. */
    private function client(string $service, string $identity = 'partner', array $more = []): ViaTrajectoire
    {
        $key = "$service $identity " . json_encode($more);
        return $this->clients[$key] ??= new Wire("{$this->scenario['base']}/ws/$service?wsdl", $more + [
            'certificat' => $this->scenario[$identity]['certificate'],
            'cle' => $this->scenario[$identity]['key'],
            'certificat_serveur' => $this->scenario['server']['certificate'],
            'autorites' => $this->scenario['ca'],
        ]);
    }

    private function access(array $other = []): array
    {
        return $other + ['IdDossier' => $this->id_dossier, 'IdLocal' => $this->creation['IdLocal']];
    }

    private function consult(array $entries, array $more = []): array
    {
        $answer = $this->client('consultation', more: $more)->ConsulterDossierPA(['ListeDossier' => ['AccesDossierRequest' => $entries]]);
        return $answer->Response->ConsulterDossierPResponse;
    }

    public function step(string $name): array
    {
        [$profile, $operation] = match (true) {
            str_starts_with($name, 'saml_') => [['utilisateur' => 'agent-7'], substr($name, 5)],
            str_starts_with($name, 'encrypted_') => [['chiffrer' => true], substr($name, 10)],
            default => [[], $name],
        };
        return $this->{"step_$operation"}($profile);
    }

    private function step_wsdl(): array
    {
        $functions = array_merge(...array_map(fn ($service) => $this->client($service)->__getFunctions(), ['creation', 'consultation']));
        $names = array_map(fn ($line) => preg_replace('/^\S+ (\w+)\(.*$/', '$1', $line), $functions);
        sort($names);
        return ['operations' => array_values(array_unique($names))];
    }

    private function step_create(array $profile): array
    {
        $answer = $this->client('creation', more: $profile)->CreerDossierPA(['CreationDossier' => $this->creation]);
        $this->id_dossier = $answer->Response->IdDossier ?? '';
        return ['code' => $answer->Response->CodeRetour->Code, 'id_dossier' => $this->id_dossier];
    }

    /** An IdLocal of 256 characters: a business code with its path, in a normal answer. */
    private function step_create_invalid(): array
    {
        $creation = ['IdLocal' => str_repeat('x', 256)] + $this->creation;
        $answer = $this->client('creation')->CreerDossierPA(['CreationDossier' => $creation]);
        return ['code' => $answer->Response->CodeRetour->Code, 'message' => $answer->Response->CodeRetour->Message];
    }

    private function step_consult(array $profile): array
    {
        $answers = $this->consult([$this->access(), $this->access(['IdLocal' => "quelqu'un d'autre"]), $this->access(['IdDossier' => '0000000000000'])], $profile);
        return [
            'codes' => array_map(fn ($each) => $each->CodeRetour->Code, $answers),
            'nom_naissance' => $answers[0]->Dossier->Demandeur->NomNaissance,
            'statut' => $answers[0]->Dossier->StatutDossier,
        ];
    }

    private function step_token(array $profile): array
    {
        $answer = $this->client('consultation', more: $profile)->GenererJetonSecuritePA(['Dossier' => $this->access()]);
        $this->token = $answer->Response->JetonSecurite ?? '';
        return ['code' => $answer->Response->CodeRetour->Code, 'length' => strlen($this->token)];
    }

    /** The user's browser follows the redirection; a second use of the token leads nowhere. */
    private function step_enter(): array
    {
        $context = stream_context_create([
            'ssl' => ['cafile' => $this->scenario['ca']],
            'http' => ['follow_location' => 0, 'ignore_errors' => true, 'timeout' => 30],
        ]);
        [$statuses, $location] = [[], null];
        for ($time = 0; $time < 2; $time++) {
            file_get_contents("{$this->scenario['base']}/acces?jeton=" . rawurlencode($this->token), false, $context);
            $statuses[] = (int) explode(' ', $http_response_header[0])[1];
            foreach ($http_response_header as $line) {
                $location ??= preg_match('/^location: (.+)$/i', $line, $found) ? $found[1] : null;
            }
        }
        return ['statuses' => $statuses, 'location' => $location];
    }

    private function step_unregistered(): array
    {
        return ['code' => $this->client('creation', 'unregistered')->CreerDossierPA(['CreationDossier' => $this->creation])->Response->CodeRetour->Code];
    }

    /** A request altered after it was signed: the fault is read, so its signature was verified before. */
    private function step_fault(array $profile): array
    {
        // of an encrypted request, what is in the clear: its Timestamp
        Wire::$spoil_request = isset($profile['chiffrer'])
            ? fn ($message) => str_replace('Created>20', 'Created>19', $message)
            : fn ($message) => spoiled('>1938-', '>1939-', $message);
        try {
            $this->client('creation', more: $profile)->CreerDossierPA(['CreationDossier' => $this->creation]);
        } catch (SoapFault $fault) {
            return ['code' => $fault->faultcode, 'subcodes' => $this->client('creation', more: $profile)->sousCodes(), 'reason' => $fault->faultstring];
        }
        return ['code' => 'none'];
    }

    private function step_tampered_answer(): array
    {
        return $this->refused(fn ($message) => spoiled('>999<', '>998<', $message));
    }

    private function step_wrapped_answer(): array
    {
        return $this->refused(fn ($message) => wrapped('>999<', '>998<', $message));
    }

    /** The signature still holds, for its canonical form has no comments; the value must be read as it was signed. */
    private function step_commented_answer(): array
    {
        Wire::$spoil_answer = fn ($message) => spoiled('ContacteurDemandeur>true<', 'ContacteurDemandeur>tr<!-- -->ue<', $message);
        try {
            [$found] = $this->consult([$this->access()]);
        } catch (SignatureRefusee $refused) {
            return ['refused' => true, 'why' => $refused->getMessage()];
        }
        return ['refused' => false, 'contacteur' => $found->Dossier->Demandeur->ContacteurDemandeur];
    }

    private function step_unsigned_answer(): array
    {
        return $this->refused(fn ($message) => without(ViaTrajectoire::DS, 'Signature', $message));
    }

    private function step_bare_answer(): array
    {
        return $this->refused(fn ($message) => without(ViaTrajectoire::SOAP, 'Header', $message));
    }

    /** What anyone on the way could make: a fault without a Security header. */
    private function step_bare_fault(): array
    {
        return $this->refused(fn () => '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value>'
            . '</e:Code><e:Reason><e:Text xml:lang="en">forged</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>');
    }

    private function refused(Closure $spoil): array
    {
        Wire::$spoil_answer = $spoil;
        try {
            $this->consult([$this->access()]);
        } catch (SignatureRefusee $refused) {
            return ['refused' => true, 'why' => $refused->getMessage()];
        } catch (SoapFault $fault) {
            return ['refused' => false, 'why' => "the fault was believed: {$fault->getMessage()}"];
        }
        return ['refused' => false, 'why' => 'the answer was believed'];
    }
}

$scenario = json_decode(file_get_contents($argv[1]), true, flags: JSON_THROW_ON_ERROR);
$run = new Scenario($scenario);
$steps = [];
foreach ($scenario['steps'] as $name) {
    fwrite(STDERR, "  php: $name\n");
    try {
        $seen = $run->step($name);
    } catch (Throwable $error) { // a step that breaks is a result too: the runner shows it with the others
        $seen = ['error' => $error::class . ': ' . $error->getMessage()];
    }
    $steps[] = ['step' => $name] + $seen;
}
echo json_encode(['stack' => 'PHP ' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION . '.' . PHP_RELEASE_VERSION . ', SoapClient', 'steps' => $steps], JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE);
