package dev.tidemark.cli.option;

import dev.tidemark.cli.output.CommandException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.util.PGPropertyMaxResultBufferParser;
import org.postgresql.util.PSQLException;

/**
 * The URL of the database, with what libpq's variables add to it, as the driver understands both. Values that the driver would not
 * understand are refused by name (TM-103), since many of them look like an unreachable server when it connects.
 */
final class JdbcUrl {
    private static final Pattern PARAMETER_WITHOUT_MARK = Pattern.compile("[^?]*&");
    private static final Pattern LONE_PERCENT = Pattern.compile("%(?![0-9a-fA-F]{2})");
    private static final Pattern SERVERS = Pattern.compile("jdbc:postgresql://([^/?]*)");
    private static final Pattern PORT = Pattern.compile("(?:\\[[^\\]]*]|[^:\\[]*):(.+)");
    private static final Pattern PLAIN = Pattern.compile("-?\\d+");
    private static final int MOST_PORT = 65_535;

    /** Of a port that is none. */
    static final String NO_PORT = "is not a port from 1 to " + MOST_PORT;

    private static final Pattern NUMBER = Pattern.compile("-?\\d+");

    /** The driver closes a connection whose result is larger, and that would look like an outage. */
    private static final long SMALLEST_BUFFER = 1_000_000;

    /** The driver knows more values of these than it lists, or takes any. */
    private static final Set<PGProperty> OPEN =
            Set.of(PGProperty.PROTOCOL_VERSION, PGProperty.REQUIRE_AUTH, PGProperty.CLEANUP_SAVEPOINTS);

    /** Without cause in all cases: the driver quotes the URL, and so perhaps the password. */
    private JdbcUrl() {}

    /** What connects to it: its settings are those of the URL, then those of the service that it names, then the variables'. */
    static PGSimpleDataSource source(String url, Map<String, String> environment) {
        if (PARAMETER_WITHOUT_MARK.matcher(url).lookingAt()) {
            // The driver takes them for the database's name, and the server repeats that.
            throw CommandException.wrongInput("--jdbc-url has an & but no ? in front of it: parameters begin with ?");
        }
        if (LONE_PERCENT.matcher(url).find()) {
            throw CommandException.wrongInput(
                    "--jdbc-url has a % that no two hexadecimal digits follow: write a percent sign"
                            + " of a password, or of another value, as %25");
        }
        Matcher servers = SERVERS.matcher(url);
        if (servers.lookingAt() && servers.group(1).contains("@")) {
            // The driver takes all of it for the host's name.
            throw CommandException.wrongInput(
                    "--jdbc-url has an @ in front of the host, as other URLs have it: write the user as"
                            + " ?user=NAME, and set PGPASSWORD");
        }
        Properties given = given(url);
        for (PGProperty property : PGProperty.values()) {
            String value = given.getProperty(property.getName());
            if (value != null) {
                check("--jdbc-url", property.getName(), property, value);
            }
        }
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        if (source.getUser() == null) {
            source.setUser(environment.get("PGUSER"));
        }
        if (source.getPassword() == null) {
            source.setPassword(environment.get("PGPASSWORD"));
        }
        new TreeMap<>(PostgresEnvironment.settings(environment)).forEach((variable, setting) -> {
            PGProperty property = setting.property();
            if (given.getProperty(property.getName()) == null) {
                check("the environment", variable, property, setting.value());
                source.setProperty(property, setting.value());
            }
        });
        return source;
    }

    private static Properties given(String url) {
        Properties given = Driver.parseURL(url, null);
        if (given == null) {
            wrongPort(url).ifPresent(port -> {
                // Anything else may be a password, behind the name of a user.
                String shown = PLAIN.matcher(port).matches() ? "port " + port : "what follows the host";
                throw CommandException.wrongInput("--jdbc-url: " + shown + " " + NO_PORT);
            });
            throw CommandException.wrongInput(
                    url.contains("service=")
                            ? "the service of PGSERVICE, or of service= in --jdbc-url, is not defined: the driver reads the file of"
                                    + " PGSERVICEFILE, or ~/.pg_service.conf"
                            : "--jdbc-url is not a PostgreSQL URL: it must start with jdbc:postgresql://host:port/database");
        }
        return given;
    }

    /** The driver says no more than that it does not know the URL. */
    private static Optional<String> wrongPort(String url) {
        Matcher servers = SERVERS.matcher(url);
        return servers.lookingAt()
                ? Arrays.stream(servers.group(1).split(",", -1))
                        .map(PORT::matcher)
                        .filter(Matcher::lookingAt)
                        .map(server -> server.group(1))
                        .filter(port -> !isPort(port))
                        .findFirst()
                : Optional.empty();
    }

    static boolean isPort(String text) {
        try {
            int port = Integer.parseInt(text);
            return port >= 1 && port <= MOST_PORT;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static void check(String where, String name, PGProperty property, String value) {
        String problem = problem(property, value);
        if (problem != null) {
            throw CommandException.wrongInput(where + ": " + name + "=" + value + " " + problem);
        }
    }

    /** What is wrong with a value, as far as that shows before connecting; null if nothing is. */
    private static @Nullable String problem(PGProperty property, String value) {
        String[] choices = property.getChoices();
        if (choices != null && !OPEN.contains(property)) {
            List<String> all = Arrays.asList(choices);
            return all.stream().anyMatch(value::equalsIgnoreCase) ? null : "is none of " + String.join(", ", all);
        }
        return switch (property) {
            case MAX_RESULT_BUFFER ->
                isSize(value) ? null : "is not a size of 1M or more, such as 100M, or 10p for percent of the heap";
            case LOCAL_SOCKET_ADDRESS -> isAddress(value) ? null : "is no address of this machine";
            case PG_PORT, PROTOCOL_VERSION -> null;
            default ->
                isWhole(value) || !isNumeric(property)
                        ? null
                        : "is not a whole number from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE;
        };
    }

    /** The driver does not say what type a property has, but its default does. */
    private static boolean isNumeric(PGProperty property) {
        String value = property.getDefaultValue();
        return value != null && NUMBER.matcher(value).matches();
    }

    private static boolean isWhole(String value) {
        try {
            int unused = Integer.parseInt(value);
            return true;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static boolean isSize(String value) {
        try {
            return PGPropertyMaxResultBufferParser.parseProperty(value) >= SMALLEST_BUFFER;
        } catch (PSQLException | NumberFormatException e) {
            return false;
        }
    }

    private static boolean isAddress(String value) {
        try {
            InetAddress unused = InetAddress.getByName(value);
            return true;
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
