package dev.tidemark.internal.store.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import dev.tidemark.testkit.Threads;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.IntegerDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What real clients and parsers throw. */
class DeserializerIoTest {
    private static final String TRUNCATED = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"schema\"";
    private static final String CHUNKED =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n20\r\nabc";

    /** How a deserializer asks. */
    enum Client {
        HTTP_CLIENT {
            @Override
            void ask(URI uri) throws Exception {
                var unused = HttpClient.newHttpClient()
                        .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
            }
        },
        HTTP_CLIENT_ASYNC {
            @Override
            void ask(URI uri) {
                var unused = HttpClient.newHttpClient()
                        .sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofByteArray())
                        .join();
            }
        },
        URL_CONNECTION {
            @Override
            void ask(URI uri) throws Exception {
                try (InputStream in = uri.toURL().openStream()) {
                    var unused = in.readAllBytes();
                }
            }
        };

        abstract void ask(URI uri) throws Exception;
    }

    /** A server that says this to each client, and closes the connection. */
    private static final class Server implements AutoCloseable {
        private final ServerSocket socket;

        Server(String reply) throws IOException {
            socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            var unused = CompletableFuture.runAsync(
                    () -> {
                        while (!socket.isClosed()) {
                            try (Socket client = socket.accept()) {
                                int first = client.getInputStream().read(new byte[10_000]);
                                client.getOutputStream()
                                        .write(Arrays.copyOf(
                                                reply.getBytes(StandardCharsets.US_ASCII),
                                                first < 0 ? 0 : reply.length()));
                            } catch (IOException e) {
                                // The client has gone, or the test is over.
                            }
                        }
                    },
                    Threads.named("registry"));
        }

        URI uri() {
            return URI.create("http://localhost:" + socket.getLocalPort() + "/schemas/1");
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static SqlFacts facts(Throwable failure) {
        SqlFacts facts = SqlFailures.decodingFacts(failure);
        for (Throwable wrapped : List.of(
                new SerializationException("x", failure),
                new IllegalStateException("x", new RuntimeException(failure)))) {
            SqlFacts same = SqlFailures.decodingFacts(wrapped);
            assertThat(FailureKind.of(same)).isEqualTo(FailureKind.of(facts));
            assertThat(same.unsure()).isEqualTo(facts.unsure());
        }
        return facts;
    }

    private static Throwable ask(Client client, String reply) throws IOException {
        try (Server server = new Server(reply)) {
            return catchThrowable(() -> client.ask(server.uri()));
        }
    }

    private static void assertWaits(Throwable failure) {
        assertThat(FailureKind.of(facts(failure))).as(failure.toString()).isEqualTo(FailureKind.TRANSIENT);
    }

    @ParameterizedTest
    @EnumSource(Client.class)
    void aConnectionThatIsCut(Client client) throws IOException {
        assertWaits(ask(client, ""));
        assertWaits(ask(client, CHUNKED));
        if (client != Client.URL_CONNECTION) {
            // It returns what it got.
            assertWaits(ask(client, TRUNCATED));
            assertWaits(ask(client, "HTTP/1.1 200"));
            assertWaits(ask(client, "no HTTP\r\n\r\n"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 429, 500, 503})
    void aStatusThatSaysNothingAboutTheRecord(int status) throws IOException {
        assertWaits(ask(Client.URL_CONNECTION, "HTTP/1.1 " + status + " No\r\nContent-Length: 0\r\n\r\n"));
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 404, 410, 422})
    void aStatusThatSaysThatTheRecordIsWrong(int status) throws IOException {
        SqlFacts facts = facts(ask(Client.URL_CONNECTION, "HTTP/1.1 " + status + " No\r\nContent-Length: 0\r\n\r\n"));
        assertThat(FailureKind.of(facts)).isEqualTo(FailureKind.HANDLER);
        assertThat(facts.unsure()).isFalse();
    }

    @Test
    void aChannelThatWasClosed() throws IOException {
        try (Server server = new Server("");
                SocketChannel channel = SocketChannel.open(
                        new InetSocketAddress("localhost", server.uri().getPort()))) {
            channel.close();
            assertWaits(catchThrowable(() -> channel.read(ByteBuffer.allocate(1))));
        }
    }

    private static void assertUnsure(Throwable failure) {
        SqlFacts facts = facts(failure);
        assertThat(FailureKind.of(facts)).as(failure.toString()).isEqualTo(FailureKind.HANDLER);
        assertThat(facts.unsure()).as(failure.toString()).isTrue();
    }

    /** The end of a stream is the same in memory. */
    @Test
    void aSocketThatIsReadWithoutAClient() throws IOException {
        try (Server server = new Server("")) {
            assertUnsure(catchThrowable(() -> {
                try (Socket socket = new Socket("localhost", server.uri().getPort())) {
                    socket.getOutputStream().write(1);
                    var unused = new DataInputStream(socket.getInputStream()).readInt();
                }
            }));
            assertUnsure(catchThrowable(() -> {
                try (Socket socket = new Socket("localhost", server.uri().getPort())) {
                    socket.getOutputStream().write(1);
                    if (new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                                    .readLine()
                            == null) {
                        throw new UncheckedIOException(new IOException("no reply"));
                    }
                }
            }));
        }
        assertUnsure(catchThrowable(() -> new DataInputStream(new ByteArrayInputStream(new byte[3])).readInt()));
    }

    /** A dead letter may be redriven by a request to a server in this process. */
    @Test
    void whatServesANetworkFurtherOutIsNotTheDeserializers() throws Exception {
        Deserializer<Integer> four = (topic, data) -> {
            try {
                return new DataInputStream(new ByteArrayInputStream(data)).readInt();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
        AtomicReference<Throwable> failure = new AtomicReference<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            try (RecordDecoder<String, Integer> decoder =
                    new RecordDecoder<>(StringDeserializer::new, () -> four, SqlFailures::isTransient)) {
                var unused = decoder.decode(new ConsumerRecord<>("t", 0, 0, null, new byte[3]));
            } catch (UndecodableException e) {
                failure.set(e.getCause());
            }
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.start();
        try {
            Client.URL_CONNECTION.ask(
                    URI.create("http://localhost:" + server.getAddress().getPort() + "/"));
        } finally {
            server.stop(0);
        }
        assertUnsure(Objects.requireNonNull(failure.get()));
    }

    private static byte[] gzip(byte[] data) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(data);
        }
        return bytes.toByteArray();
    }

    private static byte[] object(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        }
        return bytes.toByteArray();
    }

    private static InputStream cut(byte[] data) {
        return new ByteArrayInputStream(data, 0, data.length - 6);
    }

    @SuppressWarnings("BanSerializableRead")
    static Stream<Throwable> ofBytesInMemory() {
        return Stream.of(
                catchThrowable(() -> new ObjectMapper().readTree("{\"a\":".getBytes(StandardCharsets.UTF_8))),
                catchThrowable(() -> new ObjectMapper().readTree("<html>")),
                catchThrowable(() -> new ObjectMapper().readValue("{\"a\":1}", Integer.class)),
                catchThrowable(() -> new GZIPInputStream(new ByteArrayInputStream(new byte[20]))),
                catchThrowable(() -> new GZIPInputStream(cut(gzip(new byte[100]))).readAllBytes()),
                catchThrowable(() -> new ObjectInputStream(cut(object("a longer text"))).readObject()),
                catchThrowable(() -> new ObjectInputStream(new ByteArrayInputStream(new byte[4]))),
                catchThrowable(() ->
                        new DataInputStream(new ByteArrayInputStream(new byte[] {0, 1, (byte) 0xff})).readUTF()),
                catchThrowable(
                        () -> StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(new byte[] {(byte) 0xff}))),
                catchThrowable(() -> new URL("no url")),
                catchThrowable(() -> InetAddress.getAllByName("[no address]")),
                catchThrowable(() -> InetAddress.getAllByName("[::1%no_such_interface]")),
                catchThrowable(() -> InetAddress.getByAddress(new byte[3])),
                catchThrowable(() -> new IntegerDeserializer().deserialize("t", new byte[3])),
                new SerializationException("x"),
                new IllegalStateException("x"));
    }

    @ParameterizedTest
    @MethodSource
    void ofBytesInMemory(Throwable failure) {
        SqlFacts facts = facts(failure);
        assertThat(FailureKind.of(facts)).isEqualTo(FailureKind.HANDLER);
        assertThat(facts.unsure()).isFalse();
    }
}
