package dev.tidemark.internal.kafka;

import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SecurityConfig;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.config.types.Password;
import org.jspecify.annotations.Nullable;

/**
 * Settings of TLS and login that Kafka's clients accept, and then fail on at each attempt to connect, which looks like an outage. What
 * is given by classes of the user's own is not checked.
 */
final class SecuritySettings {
    private static final Pattern MODULE = Pattern.compile("\\s*([\\w.$]+).*", Pattern.DOTALL);

    private static final Set<String> BY_PASSWORD = Set.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512");

    /** The mechanisms that a module's credentials are of use for. */
    private static final Map<String, Set<String>> MECHANISMS = Map.of(
            "org.apache.kafka.common.security.plain.PlainLoginModule",
            BY_PASSWORD,
            "org.apache.kafka.common.security.scram.ScramLoginModule",
            BY_PASSWORD,
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
            Set.of("OAUTHBEARER"),
            "com.sun.security.auth.module.Krb5LoginModule",
            Set.of("GSSAPI"));

    /** Where one of them is given, classes of the user's decide. */
    private static final List<String> OWN_LOGIN =
            List.of(SaslConfigs.SASL_LOGIN_CLASS, SaslConfigs.SASL_CLIENT_CALLBACK_HANDLER_CLASS);

    private final ClientSettings given;
    private final AbstractConfig parsed;

    private SecuritySettings(ClientSettings given, AbstractConfig parsed) {
        this.given = given;
        this.parsed = parsed;
    }

    /** Refuses (TM-103) what cannot work with any broker. */
    static void check(ClientSettings given, AbstractConfig parsed) {
        SecuritySettings settings = new SecuritySettings(given, parsed);
        String protocol = String.valueOf(parsed.getString(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG))
                .toUpperCase(Locale.ROOT);
        if (protocol.startsWith("SASL_")) {
            settings.checkMechanism();
        }
        if (protocol.endsWith("SSL") && parsed.getClass(SslConfigs.SSL_ENGINE_FACTORY_CLASS_CONFIG) == null) {
            settings.checkTls();
        }
    }

    private void checkMechanism() {
        Password login = parsed.getPassword(SaslConfigs.SASL_JAAS_CONFIG);
        Matcher module = MODULE.matcher(login == null ? "" : String.valueOf(login.value()));
        if (!module.matches() || OWN_LOGIN.stream().anyMatch(given::isGiven)) {
            return;
        }
        String mechanism = String.valueOf(parsed.getString(SaslConfigs.SASL_MECHANISM));
        Set<String> fitting = MECHANISMS.getOrDefault(module.group(1), Set.of(mechanism));
        boolean known = MECHANISMS.values().stream().anyMatch(names -> names.contains(mechanism));
        if (known && !fitting.contains(mechanism)) {
            throw ClientSettings.invalid("Kafka setting " + SaslConfigs.SASL_MECHANISM + " is " + mechanism
                    + (given.isGiven(SaslConfigs.SASL_MECHANISM) ? "" : " by default")
                    + ", which does not fit " + module.group(1) + " in " + SaslConfigs.SASL_JAAS_CONFIG
                    + ": set it to "
                    + String.join(" or ", fitting.stream().sorted().toList())
                    + ", or name another module");
        }
    }

    private void checkTls() {
        if (given.isGiven(SecurityConfig.SECURITY_PROVIDERS_CONFIG)) {
            return;
        }
        List<String> suites = list(SslConfigs.SSL_CIPHER_SUITES_CONFIG);
        List<String> protocols = list(SslConfigs.SSL_ENABLED_PROTOCOLS_CONFIG);
        if (suites.isEmpty() && protocols.isEmpty()) {
            return;
        }
        SSLEngine engine = engine();
        if (engine != null) {
            accept(SslConfigs.SSL_CIPHER_SUITES_CONFIG, suites, engine::setEnabledCipherSuites);
            accept(SslConfigs.SSL_ENABLED_PROTOCOLS_CONFIG, protocols, engine::setEnabledProtocols);
        }
    }

    /** Null if there is none, which the client reports when it is created. */
    private @Nullable SSLEngine engine() {
        String protocol = parsed.getString(SslConfigs.SSL_PROTOCOL_CONFIG);
        String provider = parsed.getString(SslConfigs.SSL_PROVIDER_CONFIG);
        try {
            SSLContext context =
                    provider == null ? SSLContext.getInstance(protocol) : SSLContext.getInstance(protocol, provider);
            context.init(null, null, null);
            return context.createSSLEngine();
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return null;
        }
    }

    private void accept(String name, List<String> values, Consumer<String[]> engine) {
        if (values.isEmpty()) {
            return;
        }
        try {
            engine.accept(values.toArray(String[]::new));
        } catch (IllegalArgumentException e) {
            throw ClientSettings.invalid("Java's TLS refuses Kafka setting " + name + "=" + given.written(name)
                    + ": use names that this Java knows, or leave it out");
        }
    }

    private List<String> list(String name) {
        List<String> values = given.isGiven(name) ? parsed.getList(name) : null;
        return values == null ? List.of() : values;
    }
}
