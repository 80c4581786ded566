package dev.tidemark.cli.option;

import dev.tidemark.cli.output.CommandException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.CommonClientConfigs;
import org.jspecify.annotations.Nullable;

/**
 * Asks what listens where Kafka should. Kafka's client takes the first bytes of any reply for a length, and tries to allocate that
 * much: those of PostgreSQL, of TLS or of HTTP exhaust its memory, on a thread of its own.
 */
final class KafkaPorts {
    private static final int CONNECT_MILLIS = 3_000;
    private static final int REPLY_MILLIS = 10_000;

    /** Until the rest is left to the client: commands should not wait twice for a cluster that is away. */
    private static final long PATIENCE = Duration.ofSeconds(5).toNanos();

    /** The request ApiVersions (18) of version 0, which brokers answer before any login: length, key, version, id, no client.id. */
    private static final byte[] REQUEST = {0, 0, 0, 10, 0, 18, 0, 0, 't', 'i', 'd', 'e', -1, -1};

    private static final int ID = ByteBuffer.wrap(REQUEST).getInt(8);

    /** A length and the id of the request. */
    private static final int BEGINNING = 8;

    private static final byte TLS_ALERT = 0x15;

    /** The client accepts a listener in front of the host, as {@code advertised.listeners} has it. */
    private static final Pattern SERVER = Pattern.compile("(?:[0-9a-zA-Z%._-]*://)?\\[?([^\\[\\]]+?)]?:(\\d{1,5})");

    private KafkaPorts() {}

    /** Refuses a server that replies and is not Kafka (TM-103); one that does not reply is left to the client. */
    static void check(Map<String, Object> config) {
        Object protocol = config.getOrDefault(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, "PLAINTEXT");
        if (!String.valueOf(protocol).strip().toUpperCase(Locale.ROOT).endsWith("PLAINTEXT")) {
            // The handshake fails with everything else.
            return;
        }
        long start = System.nanoTime();
        String servers = String.valueOf(config.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG));
        for (String server : servers.split(",", -1)) {
            Matcher address = SERVER.matcher(server.strip());
            if (address.matches() && System.nanoTime() - start < PATIENCE) {
                String problem = problem(address.group(1), Integer.parseInt(address.group(2)));
                if (problem != null) {
                    throw CommandException.wrongInput(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG
                            + " (--bootstrap-servers): " + server.strip() + " " + problem);
                }
            }
        }
    }

    private static @Nullable String problem(String host, int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), CONNECT_MILLIS);
            socket.setSoTimeout(REPLY_MILLIS);
            socket.getOutputStream().write(REQUEST);
            return problem(socket.getInputStream().readNBytes(BEGINNING));
        } catch (IOException | IllegalArgumentException e) {
            return null;
        }
    }

    /** What is wrong with the beginning of a reply; null if it is Kafka's, or too short to tell. */
    static @Nullable String problem(byte[] reply) {
        if (reply.length > 2 && reply[0] == TLS_ALERT && reply[1] == 3) {
            return "speaks TLS: set security.protocol to SSL or SASL_SSL (--kafka-config)";
        }
        if (reply.length < BEGINNING || ByteBuffer.wrap(reply).getInt(4) == ID) {
            return null;
        }
        String words = new String(reply, StandardCharsets.ISO_8859_1);
        String whose = words.startsWith("E\0")
                ? "; PostgreSQL replies there"
                : words.startsWith("HTTP") ? "; HTTP is spoken there" : "";
        return "does not speak Kafka" + whose + ": name the host and the port of a broker";
    }
}
