package dev.tidemark.cli.option;

import dev.tidemark.cli.output.CommandException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;

/** The database that {@code psql} would connect to, from the environment variables of libpq. Pure. */
final class PostgresEnvironment {
    private static final Map<String, PGProperty> EQUALS = Map.ofEntries(
            Map.entry("PGAPPNAME", PGProperty.APPLICATION_NAME),
            Map.entry("PGCHANNELBINDING", PGProperty.CHANNEL_BINDING),
            Map.entry("PGCONNECT_TIMEOUT", PGProperty.CONNECT_TIMEOUT),
            Map.entry("PGGSSENCMODE", PGProperty.GSS_ENC_MODE),
            Map.entry("PGGSSLIB", PGProperty.GSS_LIB),
            Map.entry("PGKRBSRVNAME", PGProperty.KERBEROS_SERVER_NAME),
            Map.entry("PGLOADBALANCEHOSTS", PGProperty.LOAD_BALANCE_HOSTS),
            Map.entry("PGOPTIONS", PGProperty.OPTIONS),
            Map.entry("PGREQUIREAUTH", PGProperty.REQUIRE_AUTH),
            Map.entry("PGSSLCERT", PGProperty.SSL_CERT),
            Map.entry("PGSSLKEY", PGProperty.SSL_KEY),
            Map.entry("PGSSLMODE", PGProperty.SSL_MODE),
            Map.entry("PGSSLNEGOTIATION", PGProperty.SSL_NEGOTIATION),
            Map.entry("PGSSLROOTCERT", PGProperty.SSL_ROOT_CERT),
            Map.entry("PGTARGETSESSIONATTRS", PGProperty.TARGET_SERVER_TYPE));

    /** Where libpq has other words than the driver. */
    private static final Map<String, Map<String, String>> WORDS = Map.of(
            "PGLOADBALANCEHOSTS",
            Map.of("disable", "false", "random", "true"),
            "PGTARGETSESSIONATTRS",
            Map.of(
                    "any",
                    "any",
                    "read-write",
                    "primary",
                    "primary",
                    "primary",
                    "read-only",
                    "secondary",
                    "standby",
                    "secondary",
                    "prefer-standby",
                    "preferSecondary"));

    private PostgresEnvironment() {}

    /**
     * The JDBC URL, without user and password; empty if no variable names a database or a server. A directory of Unix sockets is refused
     * (TM-103).
     */
    static Optional<String> url(Map<String, String> environment) {
        String service = value(environment, "PGSERVICE");
        if (service != null) {
            return Optional.of("jdbc:postgresql://?service=" + encoded(service));
        }
        String host = value(environment, "PGHOST");
        String port = value(environment, "PGPORT");
        String database = value(environment, "PGDATABASE");
        if (host == null && port == null && database == null) {
            return Optional.empty();
        }
        if (host != null && (host.startsWith("/") || host.startsWith("@"))) {
            throw CommandException.wrongInput(
                    "PGHOST names a directory of Unix sockets, which the JDBC driver cannot use: set it to a host, or pass --jdbc-url");
        }
        String user = value(environment, "PGUSER");
        String name = database != null ? database : user != null ? user : System.getProperty("user.name");
        return Optional.of("jdbc:postgresql://"
                + servers(host == null ? "localhost" : host, port == null ? "5432" : port) + "/" + encoded(name));
    }

    /**
     * What a variable sets.
     *
     * @param value as the driver takes it
     */
    record Setting(PGProperty property, String value) {}

    /** The variables that the driver has an equal of, other than those of the {@link #url}, of the user and of the password. */
    static Map<String, Setting> settings(Map<String, String> environment) {
        Map<String, Setting> settings = new HashMap<>();
        EQUALS.forEach((variable, property) -> {
            String value = value(environment, variable);
            if (value != null) {
                settings.put(variable, new Setting(property, inDriversWords(variable, value)));
            }
        });
        return settings;
    }

    private static String inDriversWords(String variable, String value) {
        Map<String, String> words = WORDS.get(variable);
        if (words == null) {
            return value;
        }
        String word = words.get(value);
        if (word == null) {
            throw CommandException.wrongInput("the environment: " + variable + "=" + value + " is none of "
                    + String.join(", ", new TreeSet<>(words.keySet())));
        }
        return word;
    }

    /** Several hosts have one port each, or one for all. */
    private static String servers(String hosts, String ports) {
        String[] host = hosts.split(",", -1);
        String[] port = ports.split(",", -1);
        for (String number : port) {
            if (!JdbcUrl.isPort(number)) {
                throw CommandException.wrongInput("the environment: PGPORT=" + ports + " " + JdbcUrl.NO_PORT);
            }
        }
        StringBuilder servers = new StringBuilder();
        for (int i = 0; i < host.length; i++) {
            String address = host[i].contains(":") ? "[" + host[i] + "]" : host[i];
            servers.append(i == 0 ? "" : ",").append(address).append(':').append(port[Math.min(i, port.length - 1)]);
        }
        return servers.toString();
    }

    private static @Nullable String value(Map<String, String> environment, String name) {
        String value = environment.get(name);
        return value == null || value.isEmpty() ? null : value;
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
