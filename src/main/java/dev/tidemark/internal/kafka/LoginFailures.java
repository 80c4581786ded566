package dev.tidemark.internal.kafka;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.security.auth.login.LoginException;

/**
 * Why a client could not log in when it was created, before it asked any broker: what is wrong with its settings, or what the login
 * needs and cannot reach. The words never repeat the client's, which quote the settings. Pure.
 */
final class LoginFailures {
    private static final Pattern NO_MODULE = Pattern.compile("No LoginModule found for ([\\w.$]+)");

    /** Java puts the stack trace of whatever a module throws into the message. */
    private static final List<String> SIGNS_OF_SILENCE = List.of(
            "JwtRetrieverException",
            "java.io.IOException",
            "java.net.ConnectException",
            "java.net.UnknownHostException",
            "java.net.SocketException",
            "java.net.SocketTimeoutException",
            "java.net.NoRouteToHostException",
            "java.net.http.HttpTimeoutException",
            // Kafka's module, of a failure that it only logs.
            "An internal error occurred while retrieving token");

    /** How Kafka's retriever marks a reply after which it does not ask again. */
    private static final String REFUSED = "UnretryableException";

    private static final String KERBEROS = "com.sun.security.auth.module.Krb5LoginModule";

    private LoginFailures() {}

    /** What the login needs and cannot reach for now; empty for all other failures. */
    static Optional<String> outage(Throwable failure) {
        List<Throwable> chain = Causes.of(failure);
        for (Throwable t : chain) {
            if (t instanceof LoginException login && !message(login).contains(REFUSED)) {
                if (SIGNS_OF_SILENCE.stream().anyMatch(message(login)::contains)) {
                    return Optional.of(
                            "the endpoint that issues tokens for the login (sasl.oauthbearer.token.endpoint.url)"
                                    + " does not reply: check its address, and whether it runs");
                }
                if (login.getCause() instanceof IOException) {
                    return Optional.of(
                            "the Kerberos server (KDC) does not reply to the login: check krb5.conf, and whether it runs");
                }
            }
        }
        return Optional.empty();
    }

    /** What to correct in the settings; empty if no login failed, or only an {@link #outage} is known. */
    static Optional<String> reason(Throwable failure) {
        if (outage(failure).isPresent()) {
            return Optional.empty();
        }
        for (Throwable t : Causes.of(failure)) {
            if (t instanceof LoginException login) {
                return Optional.of(ofLogin(login));
            }
            if (t instanceof IllegalArgumentException && message(t).contains("JAAS")) {
                return Optional.of(ofJaas(message(t)));
            }
        }
        return Optional.empty();
    }

    private static String ofLogin(LoginException login) {
        String message = message(login);
        Matcher module = NO_MODULE.matcher(message);
        if (module.matches()) {
            // Its message ends with the name, and contains nothing else of the setting.
            return "the login module " + module.group(1) + " of sasl.jaas.config" + CreationFailure.NOT_FOUND;
        }
        if (message.contains(REFUSED)) {
            return "the endpoint that issues tokens refuses the login: check clientId, clientSecret and scope (in"
                    + " sasl.jaas.config, or sasl.oauthbearer.*) and sasl.oauthbearer.token.endpoint.url";
        }
        if (message.contains("obtain password from user") || message.contains("being asked for a password")) {
            return "Kerberos finds no key for the login: check keyTab (whether the file is there, and readable) and principal"
                    + " in sasl.jaas.config, or run kinit if it has useTicketCache=true";
        }
        if (isKerberos(login)) {
            return "Kerberos refuses the login (" + message.lines().findFirst().orElse("")
                    + "): check principal and keyTab in" + " sasl.jaas.config, and krb5.conf";
        }
        return "sasl.jaas.config cannot be used: its login module fails before any broker is asked: check the module's options,"
                + " and whether it is one for sasl.mechanism";
    }

    /** What it says then is Kerberos' own, and about the principal at most. */
    private static boolean isKerberos(LoginException login) {
        StackTraceElement[] trace = login.getStackTrace();
        return trace.length > 0 && trace[0].getClassName().equals(KERBEROS);
    }

    private static String ofJaas(String message) {
        if (message.startsWith("Could not find a 'KafkaClient' entry")) {
            return "sasl.jaas.config is missing, and security.protocol says that there is a login: set it";
        }
        if (message.startsWith("No serviceName defined")) {
            return "sasl.mechanism is GSSAPI, which is the default and needs sasl.kerberos.service.name: set one of the two, such"
                    + " as sasl.mechanism=PLAIN";
        }
        return "sasl.jaas.config cannot be used: check its grammar and class";
    }

    private static String message(Throwable t) {
        return String.valueOf(t.getMessage());
    }
}
