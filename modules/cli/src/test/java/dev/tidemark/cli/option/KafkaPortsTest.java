package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What listens where Kafka should. */
class KafkaPortsTest {
    /** Replies to one connection, and closes it. */
    private static void withServer(String reply, ThrowingAddress test) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread replies = new Thread(() -> {
                try (Socket client = server.accept()) {
                    byte[] unused = client.getInputStream().readNBytes(14);
                    client.getOutputStream().write(reply.getBytes(StandardCharsets.ISO_8859_1));
                } catch (IOException e) {
                    // The test has ended.
                }
            });
            replies.start();
            test.on("localhost:" + server.getLocalPort());
            server.close();
            replies.join();
        }
    }

    private interface ThrowingAddress {
        void on(String address) throws Exception;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "E<0><0><0>xSFATAL | PostgreSQL replies there",
                "HTTP/1.1 400 Bad Request | HTTP is spoken there",
                "J<0><0><0>xmysql | does not speak Kafka",
                "SSH-2.0-OpenSSH | does not speak Kafka",
                "<21><3><3><0><2><2>P | security.protocol to SSL"
            })
    void othersAreRefused(String reply, String words) throws Exception {
        String bytes = reply;
        for (int i = 0; i < 32; i++) {
            bytes = bytes.replace("<" + i + ">", Character.toString(i));
        }
        withServer(
                bytes,
                address -> assertThatThrownBy(
                                () -> KafkaPorts.check(Map.of("bootstrap.servers", "localhost:1, " + address)))
                        .hasMessageStartingWith("TM-103")
                        .hasMessageContaining(address)
                        .hasMessageContaining(words));
    }

    @Test
    void aListenerInFrontOfTheHostIsNoPartOfIt() throws Exception {
        withServer(
                "E\0\0\0xSFATAL",
                address -> assertThatThrownBy(
                                () -> KafkaPorts.check(Map.of("bootstrap.servers", "PLAINTEXT://" + address)))
                        .hasMessageStartingWith("TM-103")
                        .hasMessageContaining("PostgreSQL replies there"));
    }

    @ParameterizedTest
    @CsvSource({"<0>", "abcd", "<0><0><0>xtide<0><0>"})
    void whatIsKafkaOrSaysTooLittleIsLeftToTheClient(String reply) throws Exception {
        withServer(
                reply.replace("<0>", "\0"),
                address -> assertThatCode(() -> KafkaPorts.check(Map.of("bootstrap.servers", address)))
                        .doesNotThrowAnyException());
    }

    @Test
    void whatCannotBeAskedIsLeftToTheClient() {
        for (String servers :
                new String[] {"localhost:1", "nowhere.invalid:9092", "localhost", "${a:b}", "x:99999", ""}) {
            assertThatCode(() -> KafkaPorts.check(Map.of("bootstrap.servers", servers)))
                    .doesNotThrowAnyException();
        }
        assertThat(KafkaPorts.problem(new byte[0])).isNull();
    }
}
