package dev.tidemark.internal.store.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.store.schema.Schema;
import java.io.EOFException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

class SqlFailuresTest {
    /** As the server sends it, with its severity in its language. */
    private static PSQLException sent(String severity, String state, String message, String routine) {
        return new PSQLException(new ServerErrorMessage(
                "S" + severity + "\u0000VERROR\u0000C" + state + "\u0000M" + message + "\u0000R" + routine + "\u0000"));
    }

    @ParameterizedTest
    @CsvSource({
        "55006, CheckTableNotInUse, HANDLER",
        "55006, ReplicationSlotAcquire, TRANSIENT",
        "55006, exec_stmt_raise, TRANSIENT",
        "53400, FileWrite, HANDLER",
        "53400, FileWriteV, HANDLER",
        "53400, ReplicationSlotCreate, TRANSIENT",
        "53100, FileWriteV, TRANSIENT",
        "3D000, pg_database_size_name, HANDLER",
        "3D000, InitPostgres, HANDLER",
        "58P01, read_binary_file, HANDLER",
        "58P03, SetOutputFile, HANDLER",
        "53200, LockAcquireExtended, TRANSIENT",
        "53300, InitProcess, TRANSIENT",
        "58030, mdread, TRANSIENT"
    })
    void whatOnlyTheStatementIsInTheWayOfIsNotWaitedFor(String state, String routine, FailureKind kind) {
        assertThat(kind(sent("ERROR", state, "x", routine))).isEqualTo(kind);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ERROR", "FEHLER", "ERREUR", "ОШИБКА", "エラー", "错误"})
    void noVerdictDependsOnTheServersLanguage(String severity) {
        assertThat(kind(sent(severity, "08P01", "x", "ReadArrayBinary")))
                .as("what the server could not read")
                .isEqualTo(FailureKind.HANDLER);
        assertThat(kind(sent(severity, "08001", "x", "connect_pg_server")))
                .as("a server behind this one")
                .isEqualTo(FailureKind.TRANSIENT);
        assertThat(FailureKind.commitCertainlyFailed(
                        SqlFailures.facts(sent(severity, "55000", "x", "some_trigger")), true))
                .isTrue();
        assertThat(SqlFailures.facts(sent(severity, "0A000", "x", "RevalidateCachedQuery"))
                        .stalePlan())
                .isTrue();
    }

    /** The SQLSTATE alone says no more than that something is not supported, which may well be the record's. */
    @ParameterizedTest
    @CsvSource({
        "0A000, RevalidateCachedQuery, true",
        "0A000, RevalidateCachedPlan, true",
        "0A000, transformAExprOf, false",
        "XX000, RevalidateCachedQuery, false"
    })
    void onlyAPlanThatDdlHasChangedIsStale(String state, String routine, boolean stale) {
        assertThat(SqlFailures.facts(sent("ERROR", state, "x", routine)).stalePlan())
                .isEqualTo(stale);
        assertThat(SqlFailures.facts(new IllegalStateException(sent("ERROR", state, "x", routine)))
                        .stalePlan())
                .isEqualTo(stale);
    }

    /** The driver waits for nobody then, and says why. */
    @ParameterizedTest
    @ValueSource(strings = {"sslmode=nonsense", "targetServerType=nonsense", "gssEncMode=nonsense&sslmode=nonsense"})
    void whatTheDriverItselfRefusesIsNoSilence(String setting) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl("jdbc:postgresql://localhost:1/nothing?" + setting);
        SQLException refused = catchThrowableOfType(SQLException.class, () -> NotConnectedException.open(source));
        assertThat(SqlFailures.isTimeout(refused)).isFalse();
        assertThat(SqlFailures.isReply(refused)).isTrue();
        assertThat(FailureWords.describe(refused)).contains("sqlstate=08001", "nonsense");
    }

    /** How a call to the database can end without a proper reply. */
    @Test
    void aSilentServerIsToldFromOneThatReplies() {
        PSQLException silent =
                new PSQLException("x", PSQLState.CONNECTION_FAILURE, new SocketTimeoutException("Read timed out"));
        PSQLException login = new PSQLException("x", PSQLState.CONNECTION_UNABLE_TO_CONNECT);
        assertThat(SqlFailures.isTimeout(silent)).isTrue();
        assertThat(SqlFailures.isTimeout(new IllegalStateException(silent))).isTrue();
        assertThat(SqlFailures.isTimeout(login)).as("the driver's own limit").isTrue();
        assertThat(SqlFailures.isReply(silent)).isFalse();
        assertThat(SqlFailures.isReply(login)).isFalse();

        PSQLException ended = new PSQLException("x", PSQLState.CONNECTION_FAILURE, new EOFException());
        PSQLException nobody =
                new PSQLException("x", PSQLState.CONNECTION_UNABLE_TO_CONNECT, new ConnectException("refused"));
        PSQLException error = sent("ERROR", "57014", "x", "ProcessInterrupts");
        for (PSQLException reply : List.of(ended, nobody, error)) {
            assertThat(SqlFailures.isReply(reply)).as(reply.toString()).isTrue();
            assertThat(SqlFailures.isTimeout(reply)).as(reply.toString()).isFalse();
        }
        SQLException others = new SQLException("x", new SocketTimeoutException("of a service that a handler calls"));
        assertThat(SqlFailures.isTimeout(others)).isFalse();
        assertThat(SqlFailures.isReply(others)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "08006, true",
        "08001, true",
        "53300, true",
        "57P03, true",
        "55P03, false",
        "42501, false",
        "40001, false"
    })
    void aServerThatDidNotServeIsToldFromOneThatRefusedAStatement(String state, boolean silence) {
        assertThat(SqlFailures.isSilence(SqlFailures.facts(sent("FATAL", state, "x", "x"))))
                .isEqualTo(silence);
        assertThat(SqlFailures.isSilence(SqlFailures.facts(new SQLException("no state"))))
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "permission denied for table stored_offset, table stored_offset, writer",
        "keine Berechtigung für Tabelle stored_offset, table stored_offset, writer",
        "droit refusé pour la fonction reset_offset, function reset_offset, operator",
        "нет доступа к схеме tidemark, schema tidemark, writer",
        "ビューconsumer_lagへのアクセスが拒否されました, view consumer_lag, reader",
        "permission denied for function advance_offset, function advance_offset, writer"
    })
    void aRightThatIsMissingIsNamedInAnyLanguage(String message, String object, String role) {
        assertThat(StoreErrors.translate(
                        new Schema("tidemark"), "etl", sent("FEHLER", "42501", message, "aclcheck_error")))
                .hasMessageContaining("TM-204")
                .hasMessageContaining("lacks a right on " + object + ":")
                .hasMessageContaining("'" + role + "'");
    }

    static Stream<Throwable> passing() {
        return Stream.of(
                new SerializationException(new DisconnectException("x")),
                new ExecutionException(new org.apache.kafka.common.errors.TimeoutException("x")),
                new UncheckedIOException(new SocketTimeoutException("x")),
                new IllegalStateException(new NoRouteToHostException("x")),
                new IllegalStateException(new UnknownHostException("x")),
                new IllegalStateException(new UnresolvedAddressException()),
                new UncheckedIOException(new HttpTimeoutException("x")),
                new UncheckedIOException(new InterruptedIOException("x")),
                new UncheckedIOException(new SSLHandshakeException("x")),
                new RuntimeException(new TimeoutException()),
                new RuntimeException(new SQLException("x", "08006")),
                new RuntimeException(new SQLException("x", "53300")),
                new RuntimeException(new SQLException("x", "57P03")),
                new RuntimeException(new SQLException("x", "58030")),
                new SQLException("wrapped", "HY000", new SQLException("x", "08001")),
                sent("ERROR", "HV00N", "x", "y"));
    }

    @ParameterizedTest
    @MethodSource("passing")
    void whatPassesIsFoundFromWherever(Throwable failure) {
        assertThat(kind(failure)).isEqualTo(FailureKind.TRANSIENT);
    }

    /** As the clients of registries have it. */
    public static class RefusedException extends RuntimeException {
        private final int status;

        RefusedException(int status) {
            this.status = status;
        }

        public int getStatus() {
            return status;
        }
    }

    private static final class SpecialException extends RefusedException {
        SpecialException(int status) {
            super(status);
        }
    }

    /** A handler may ask others about its record, and hear of them what is the record's. */
    @ParameterizedTest
    @ValueSource(ints = {401, 403, 407, 408, 425, 429, 500, 502, 503, 504})
    void aRegistryThatRefusesSaysNothingAboutTheRecord(int status) {
        for (Throwable refusal : List.of(new RefusedException(status), new SpecialException(status))) {
            Throwable failure = new SerializationException("x", refusal);
            assertThat(FailureKind.of(SqlFailures.decodingFacts(failure))).isEqualTo(FailureKind.TRANSIENT);
            assertThat(kind(failure)).isEqualTo(FailureKind.HANDLER);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 200, 400, 404, 422, 40403, 50001})
    void aRegistryThatKnowsBetterDoes(int status) {
        assertThat(FailureKind.of(
                        SqlFailures.decodingFacts(new SerializationException("x", new RefusedException(status)))))
                .isEqualTo(FailureKind.HANDLER);
    }

    @Test
    void aRegistryThatKafkasLoginDoesNotOpen() {
        assertThat(FailureKind.of(SqlFailures.decodingFacts(new AuthenticationException("x"))))
                .isEqualTo(FailureKind.TRANSIENT);
        assertThat(FailureKind.of(SqlFailures.decodingFacts(sent("ERROR", "42601", "x", "y"))))
                .isEqualTo(FailureKind.HANDLER);
    }

    static Stream<Throwable> unclear() {
        BatchUpdateException batch = new BatchUpdateException("x", "23505", new int[0]);
        batch.setNextException(sent("ERROR", "23505", "x", "y"));
        return Stream.of(
                new IllegalStateException("x"),
                new SerializationException("x"),
                new UncheckedIOException(new java.io.FileNotFoundException("x")),
                sent("ERROR", "57014", "x", "ProcessInterrupts"),
                sent("ERROR", "42601", "x", "y"),
                new NoClassDefFoundError("x"),
                new IllegalStateException(new ExceptionInInitializerError(new TimeoutException())),
                batch);
    }

    @ParameterizedTest
    @MethodSource("unclear")
    void theRestIsLeftToTheEvidence(Throwable failure) {
        assertThat(kind(failure)).isEqualTo(FailureKind.HANDLER);
    }

    @Test
    void failuresAreAlikeByTheirCodeOrElseByTheirClasses() {
        assertThat(SqlFailures.facts(new IllegalStateException("a")).kind())
                .isEqualTo(SqlFailures.facts(new IllegalStateException("b")).kind())
                .isNotEqualTo(
                        SqlFailures.facts(new IllegalArgumentException("a")).kind());
        assertThat(SqlFailures.facts(sent("ERROR", "23505", "a", "b")).kind())
                .isEqualTo(SqlFailures.facts(new RuntimeException(sent("FEHLER", "23505", "c", "d")))
                        .kind())
                .isEqualTo("23505");
        assertThat(SqlFailures.facts(new IllegalStateException(new ArithmeticException()))
                        .kind())
                .isNotEqualTo(SqlFailures.facts(new IllegalStateException()).kind());
    }

    @Test
    void noVerdictDependsOnTheMachinesLanguage() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr-TR"));
            assertThat(kind(sent("HATA", "53100", "x", "y"))).isEqualTo(FailureKind.TRANSIENT);
            assertThat(kind(new SQLException("x", "hv00n"))).isEqualTo(FailureKind.TRANSIENT);
        } finally {
            Locale.setDefault(before);
        }
    }

    private static FailureKind kind(Throwable failure) {
        return FailureKind.of(SqlFailures.facts(failure));
    }
}
