package dev.tidemark.internal.store.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The shapes in which clients tell what a service has replied. */
class ServiceReplyTest {
    /** As in clients of schema registries over HTTP, and in Feign and the AWS SDK. */
    public static final class Numbered extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final int status;

        Numbered(int status) {
            this.status = status;
        }

        public int status() {
            return status;
        }
    }

    /** As in Azure and JAX-RS. */
    public static final class WithResponse extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Response response;

        WithResponse(int status) {
            this.response = new HiddenResponse(status);
        }

        public Response getResponse() {
            return response;
        }
    }

    /** What a reply is known by. */
    public interface Response {
        int getStatusCode();
    }

    private record HiddenResponse(int getStatusCode) implements Response {}

    /** As in Spring: a status that is no number. */
    public static final class WithStatusObject extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient StatusValue status;

        WithStatusObject(int status) {
            this.status = new StatusValue(status);
        }

        public StatusValue getStatusCode() {
            return status;
        }
    }

    /** A status. */
    public record StatusValue(int value) {}

    /** As in gRPC. */
    public static final class WithWord extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Status status;

        WithWord(Code code) {
            this.status = new Status(code);
        }

        public Status getStatus() {
            return status;
        }
    }

    /** A status of gRPC. */
    public record Status(Code getCode) {}

    /** Its codes, some of them. */
    public enum Code {
        NOT_FOUND,
        INVALID_ARGUMENT,
        UNAVAILABLE,
        UNAUTHENTICATED,
        RESOURCE_EXHAUSTED
    }

    /** A status that nobody can be asked for. */
    public static final class Failing extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public int getStatus() {
            return Integer.parseInt("none");
        }

        public Failing getResponse() {
            return this;
        }
    }

    static Stream<Arguments> replies() {
        return Stream.of(
                Arguments.of(new Numbered(503), true),
                Arguments.of(new Numbered(429), true),
                Arguments.of(new Numbered(404), false),
                Arguments.of(new Numbered(-1), false),
                Arguments.of(new WithResponse(403), true),
                Arguments.of(new WithResponse(500), true),
                Arguments.of(new WithResponse(404), false),
                Arguments.of(new WithStatusObject(502), true),
                Arguments.of(new WithStatusObject(422), false),
                Arguments.of(new WithWord(Code.UNAVAILABLE), true),
                Arguments.of(new WithWord(Code.UNAUTHENTICATED), true),
                Arguments.of(new WithWord(Code.RESOURCE_EXHAUSTED), true),
                Arguments.of(new WithWord(Code.NOT_FOUND), false),
                Arguments.of(new WithWord(Code.INVALID_ARGUMENT), false),
                Arguments.of(new Failing(), false),
                Arguments.of(new IOException("none"), false),
                Arguments.of(new SQLException("none", "08006"), false));
    }

    @ParameterizedTest
    @MethodSource("replies")
    void aServiceThatCannotAnswerIsToldFromAnAnswerAboutTheRecord(Throwable thrown, boolean refusal) {
        assertThat(ServiceReply.isRefusal(thrown)).isEqualTo(refusal);
    }
}
