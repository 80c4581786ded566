package dev.tidemark.cli.option;

import dev.tidemark.cli.output.CommandException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The database that {@code psql} would connect to, from the environment variables of libpq. Pure. */
final class PostgresEnvironment {
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

    /** Several hosts have one port each, or one for all. */
    private static String servers(String hosts, String ports) {
        String[] host = hosts.split(",", -1);
        String[] port = ports.split(",", -1);
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
