package dev.tidemark.internal.store.failure;

import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import java.io.EOFException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Which SQLSTATE an exception carries, and what that says about the server, the driver or a pooler. */
public final class SqlFailures {
    /** As the driver names its prepared statements. */
    private static final Pattern DRIVERS_STATEMENT = Pattern.compile("S_\\d+");

    /** Undefined and duplicate file, file name too long, invalid catalog name. */
    private static final Set<String> PASSING_OR_ASKED = Set.of("58P01", "58P02", "58P03", "3D000");

    private static final String DRIVER = "org.postgresql.";
    private static final String DRIVERS_ENTRY = Driver.class.getName();

    private SqlFailures() {}

    /** What this exception and its causes show. */
    public static SqlFacts facts(Throwable failure) {
        String state = null;
        boolean fromDatabase = false;
        boolean transientByType = false;
        boolean lost = false;
        boolean passing = false;
        boolean linkage = false;
        List<Throwable> chain = FailureChain.of(failure);
        boolean ofSchema = chain.stream().anyMatch(SqlFailures::isOfSchema);
        boolean unsure = chain.stream().anyMatch(SqlFailures::mayPass);
        for (Throwable t : chain) {
            linkage |= t instanceof LinkageError;
            passing |= isPassing(t);
            if (t instanceof SQLException sql) {
                fromDatabase = true;
                transientByType |= t instanceof SQLTransientException || t instanceof SQLRecoverableException;
                String own = FailureChain.sqlState(sql);
                if (own != null) {
                    state = state == null ? own : state;
                    boolean replied = FailureChain.serverMessage(t) != null;
                    lost |= (own.startsWith("08") && !replied) || own.startsWith("57P0");
                    passing |= SqlFacts.isPassing(own, replied);
                }
            }
        }
        return new SqlFacts(
                state,
                fromDatabase,
                transientByType,
                lost,
                chain.stream().anyMatch(t -> FailureChain.serverMessage(t) != null),
                passing,
                linkage,
                chain.stream().anyMatch(SqlFailures::isStalePlan),
                ofSchema,
                unsure || chain.stream().anyMatch(SqlFailures::isOfStatement),
                unsure,
                ofSchema ? kind(state, chain) + " of the schema" : kind(state, chain));
    }

    /**
     * As {@link #facts}, of a failure in a deserializer. It asks nobody but a schema registry, whose refusal or failure says nothing
     * about the record, whatever exception it is wrapped in.
     */
    public static SqlFacts decodingFacts(Throwable failure) {
        SqlFacts facts = facts(failure);
        List<Throwable> chain = FailureChain.of(failure);
        if (chain.stream().anyMatch(ServiceReply::isRefusal) || DeserializerIo.isOfNetwork(chain)) {
            return facts.thatPass();
        }
        return DeserializerIo.isUnsure(chain) ? facts.thatIsUnsure() : facts;
    }

    /** Whether a failure in a deserializer says that something is unavailable for now. */
    public static boolean isTransient(Throwable failure) {
        return FailureKind.of(decodingFacts(failure)) != FailureKind.HANDLER;
    }

    /**
     * What failed before the statement that ran in a failed transaction (25P02), which the driver keeps as its cause; empty if it
     * does not.
     */
    public static Optional<SqlFacts> factsBehindFailedTransaction(Throwable failure) {
        List<Throwable> chain = FailureChain.of(failure);
        int met = -1;
        for (int i = 0; i < chain.size(); i++) {
            met = chain.get(i) instanceof SQLException sql && "25P02".equals(FailureChain.sqlState(sql)) ? i : met;
        }
        return met < 0 || met == chain.size() - 1 ? Optional.empty() : Optional.of(facts(chain.get(met + 1)));
    }

    /** Whether an exception without an SQLSTATE says that a dependency is unavailable for now. */
    private static boolean isPassing(Throwable t) {
        return t instanceof RetriableException
                || t instanceof InterruptedIOException
                || t instanceof SocketException
                || (t instanceof UnknownHostException && !HostLookup.isOfAddress(t))
                // The lookup before it failed in silence.
                || t instanceof UnresolvedAddressException
                || t instanceof SSLException
                || t instanceof TimeoutException
                || isHttpTimeout(t.getClass());
    }

    /** By name, since a runtime image need not contain the module java.net.http. */
    private static boolean isHttpTimeout(Class<?> type) {
        for (Class<?> c = type; c != null; c = c.getSuperclass()) {
            if (c.getName().equals("java.net.http.HttpTimeoutException")) {
                return true;
            }
        }
        return false;
    }

    // The routine is a name in PostgreSQL's source, never translated; the SQLSTATE alone says only "not supported".
    private static boolean isStalePlan(Throwable t) {
        ServerErrorMessage message = FailureChain.serverMessage(t);
        return message != null
                && "0A000".equals(message.getSQLState())
                && String.valueOf(message.getRoutine()).startsWith("RevalidateCached");
    }

    // A check constraint has a name, and a CHECK that a function raises has no table: only the lack of a partition has
    // a
    // table and no constraint.
    private static boolean isOfSchema(Throwable t) {
        ServerErrorMessage message = FailureChain.serverMessage(t);
        if (message == null) {
            return false;
        }
        return "2200H".equals(message.getSQLState())
                || ("23514".equals(message.getSQLState())
                        && message.getConstraint() == null
                        && message.getTable() != null);
    }

    // The routines are names in PostgreSQL's source. Others report these states too: a replication slot in use is
    // 55006, and one more slot than there may be is 53400.
    private static boolean isOfStatement(Throwable t) {
        ServerErrorMessage message = FailureChain.serverMessage(t);
        if (message == null) {
            return false;
        }
        String routine = String.valueOf(message.getRoutine());
        return ("55006".equals(message.getSQLState()) && routine.equals("CheckTableNotInUse"))
                || ("53400".equals(message.getSQLState()) && routine.startsWith("FileWrite"));
    }

    // Files and databases are the server's, and a record may name one that it does not have.
    private static boolean mayPass(Throwable t) {
        ServerErrorMessage message = FailureChain.serverMessage(t);
        return message != null && PASSING_OR_ASKED.contains(String.valueOf(message.getSQLState()));
    }

    /** What makes two failures alike: the SQLSTATE, or the first exception's class and the last cause's. */
    private static String kind(@Nullable String state, List<Throwable> chain) {
        if (state != null) {
            return state;
        }
        String first = chain.get(0).getClass().getName();
        String last = chain.get(chain.size() - 1).getClass().getName();
        return first.equals(last) ? first : first + " < " + last;
    }

    /**
     * Whether the server does not know one of the driver's prepared statements, or knows another one by its name. The latter can
     * also appear as the wrong number of parameters (08P01), which differs from a broken protocol in the routine that reports it.
     * Statements prepared by SQL itself have other names.
     */
    public static boolean isStatementClash(Throwable failure) {
        SqlFacts facts = facts(failure);
        boolean bound = FailureChain.of(failure).stream()
                .map(FailureChain::serverMessage)
                .anyMatch(message -> message != null && "exec_bind_message".equals(message.getRoutine()));
        boolean named = FailureChain.serverWords(failure).stream()
                .anyMatch(word -> DRIVERS_STATEMENT.matcher(word).matches());
        return facts.is("42P05", "26000") ? bound || named : bound && facts.is("08P01");
    }

    /**
     * Whether the driver closed the connection because a statement changed a setting that the driver depends on. It has no SQLSTATE
     * of its own for that; it is recognized by where it was thrown, as its message is translated.
     */
    public static boolean isSettingRefusedByDriver(Throwable failure) {
        return FailureChain.of(failure).stream()
                .filter(t ->
                        t instanceof PSQLException && FailureChain.serverMessage(t) == null && t.getCause() == null)
                .flatMap(t -> Arrays.stream(t.getStackTrace()).limit(1))
                .anyMatch(frame -> frame.getMethodName().equals("receiveParameterStatus"));
    }

    /** Whether the server did not reply in time to a statement or a login. The server's own timeout error is a reply. */
    public static boolean isTimeout(Throwable failure) {
        boolean loginLimit = false;
        for (Throwable t : FailureChain.of(failure)) {
            if (FailureChain.serverMessage(t) != null || t instanceof ConnectException || isNoServerChosen(t)) {
                return false;
            }
            // The driver's own limit on a login is an exception without a cause.
            loginLimit |= isRefusedByDriver(t);
            if (t instanceof SocketTimeoutException && isOfDatabase(failure)) {
                return true;
            }
        }
        return loginLimit;
    }

    /**
     * Whether the session that was told this is over: the connection is lost, or the server has ended it, for being idle or for an
     * administrator, a crash or a shutdown.
     */
    public static boolean endsSession(SQLException failure) {
        SqlFacts facts = facts(failure);
        return facts.serverReplied()
                ? facts.is("25P03", "25P04", "57P01", "57P02", "57P03", "57P05")
                : facts.connectionLost();
    }

    /** Whether the server, or its host, replied, if only that nothing listens there, or that it is not the one that was asked for. */
    public static boolean isReply(Throwable failure) {
        return FailureChain.of(failure).stream()
                .anyMatch(t -> FailureChain.serverMessage(t) != null
                        || t instanceof ConnectException
                        || t instanceof EOFException
                        || isNoServerChosen(t));
    }

    /**
     * Whether the driver found no server to connect to although none was silent: during a failover, none is of the kind that {@code
     * targetServerType} names, or it cannot use a value of the URL. It looks like the driver's limit on a login, but for where it was thrown; messages are translated.
     */
    private static boolean isNoServerChosen(Throwable t) {
        return isRefusedByDriver(t)
                && Arrays.stream(t.getStackTrace())
                        .limit(1)
                        .map(StackTraceElement::getClassName)
                        .anyMatch(name -> name.startsWith(DRIVER) && !name.startsWith(DRIVERS_ENTRY));
    }

    private static boolean isRefusedByDriver(Throwable t) {
        return t instanceof PSQLException p && "08001".equals(p.getSQLState()) && p.getCause() == null;
    }

    private static boolean isOfDatabase(Throwable failure) {
        return FailureChain.of(failure).stream().anyMatch(PSQLException.class::isInstance);
    }

    /** Whether it shows that the server was not serving at all, rather than that it refused one statement. */
    public static boolean isSilence(SqlFacts facts) {
        return facts.connectionLost()
                || facts.sqlState() == null
                || facts.is("53300", "57P03")
                || facts.sqlState().startsWith("08");
    }

    /** Whether what replied is not PostgreSQL, which always names the routine that reported the error. */
    public static boolean isFromPooler(Throwable failure) {
        return FailureChain.of(failure).stream()
                .map(FailureChain::serverMessage)
                .anyMatch(message -> message != null && FailureChain.isPoolers(message));
    }
}
