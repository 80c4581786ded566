package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A deserializer asks a registry whose connections are cut for a while: no record may be given up for that. */
@Tag("exhaustive")
class RegistryAwayIT {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n1234";

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("registry"), 1);

    /** How many connections are still to be cut. */
    private final AtomicInteger cuts = new AtomicInteger();

    /** Replies to each client, or cuts its connection without a byte. */
    private void serve(ServerSocket server) {
        while (!server.isClosed()) {
            try (Socket client = server.accept()) {
                if (client.getInputStream().read(new byte[10_000]) > 0
                        && cuts.getAndUpdate(n -> Math.max(0, n - 1)) == 0) {
                    client.getOutputStream().write(OK.getBytes(StandardCharsets.US_ASCII));
                }
            } catch (IOException e) {
                // The client has gone, or the test is over.
            }
        }
    }

    /** How the deserializer asks. */
    enum Client {
        HTTP_CLIENT {
            @Override
            void ask(int port) throws Exception {
                var unused = HTTP.send(HttpRequest.newBuilder(uri(port)).build(), BodyHandlers.ofString());
            }
        },
        HTTP_CLIENT_ASYNC {
            @Override
            void ask(int port) {
                var unused = HTTP.sendAsync(HttpRequest.newBuilder(uri(port)).build(), BodyHandlers.ofString())
                        .join();
            }
        },
        URL_CONNECTION {
            @Override
            void ask(int port) throws Exception {
                uri(port).toURL().openStream().close();
            }
        },
        SOCKET {
            @Override
            void ask(int port) throws Exception {
                try (Socket socket = new Socket("localhost", port)) {
                    socket.getOutputStream().write(1);
                    var unused = new DataInputStream(socket.getInputStream()).readInt();
                }
            }
        };

        abstract void ask(int port) throws Exception;

        static URI uri(int port) {
            return URI.create("http://localhost:" + port + "/schemas/1");
        }
    }

    private Running start(Deserializer<String> values) {
        database.owner().execute("create table done (n bigint)");
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .workers(1)
                        .deserializers(StringDeserializer::new, () -> values)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> tx.execute("insert into done values (?)", record.offset())));
    }

    private void send(String... values) {
        try (var producer = kafka.batchingProducer()) {
            for (String value : values) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, value));
            }
        }
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private List<String> givenUp() {
        return database.query("select record_offset from tidemark.dead_letter order by 1");
    }

    /** A plain socket's end looks as if the record were cut, so that it is waited for only seconds. */
    @ParameterizedTest
    @CsvSource({"HTTP_CLIENT, 8", "HTTP_CLIENT_ASYNC, 8", "URL_CONNECTION, 8", "SOCKET, 7"})
    void recordsWaitForIt(Client client, int tries) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var unused = CompletableFuture.runAsync(() -> serve(server), Threads.named("registry"));
            Deserializer<String> asking = (topicName, data) -> {
                try {
                    client.ask(server.getLocalPort());
                } catch (Exception e) {
                    throw new SerializationException("no schema", e);
                }
                return new String(data, StandardCharsets.UTF_8);
            };
            try (Running running = start(asking)) {
                send("one");
                running.until("read", () -> stored() == 1);
                cuts.set(tries);
                send("two");
                running.until("read", () -> stored() == 2);
                cuts.set(tries);
                send("three", "four", "five");
                running.until("read", () -> stored() == 5);
            }
        }
        assertThat(givenUp()).isEmpty();
        assertThat(database.number("select count(*) from done")).isEqualTo(5);
    }

    /** In memory as well. */
    private static String cut(String topicName, byte[] data) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(data))) {
            return Long.toString(in.readLong());
        } catch (IOException e) {
            throw new SerializationException("cut", e);
        }
    }

    @Test
    void recordsThatAreCutAreGivenUp() {
        try (Running running = start(RegistryAwayIT::cut)) {
            send("too few", "8 bytes!");
            running.until("read", () -> stored() == 2);
            send("too few", "no", "8 bytes!", "none", "8 bytes?");
            running.until("read", () -> stored() == 7);
            send("single");
            running.until("read", () -> stored() == 8);
        }
        assertThat(givenUp()).containsExactly("0", "2", "3", "5", "7");
    }

    @Test
    void atMostThreeInARowThatComeSingly() {
        try (Running running = start(RegistryAwayIT::cut)) {
            boolean halted = false;
            for (int n = 1; n <= 6 && !halted; n++) {
                send("cut");
                int end = n;
                try {
                    running.until(
                            "read, or halted",
                            () -> stored() == end
                                    || running.consumer().status().partitions().stream()
                                            .anyMatch(p -> p.state() == PartitionState.HALTED));
                } catch (CompletionException e) {
                    assertThat(e).hasMessageContaining("TM-505");
                }
                halted = stored() < end;
            }
        }
        assertThat(givenUp()).containsExactly("0", "1", "2");
    }
}
