package dev.tidemark.simulation;

import java.net.ConnectException;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/** Exceptions as the driver throws them. */
final class SqlError {
    private SqlError() {}

    /** The server's own reply. */
    static PSQLException server(String state, boolean fatal) {
        return new PSQLException(new ServerErrorMessage(
                "S" + (fatal ? "FATAL" : "ERROR") + "\0C" + state + "\0Msimulated\0Rsimulated\0"));
    }

    static PSQLException failedTransaction(SQLException before) {
        PSQLException failed = new PSQLException(
                new ServerErrorMessage("SERROR\0C25P02\0Mcurrent transaction is aborted\0Rexec_simple_query\0"));
        failed.initCause(before);
        return failed;
    }

    static PSQLException lost() {
        return new PSQLException(
                "An I/O error occurred while sending to the backend.",
                PSQLState.CONNECTION_FAILURE,
                new java.io.EOFException());
    }

    static PSQLException closed() {
        return new PSQLException("This connection has been closed.", PSQLState.CONNECTION_DOES_NOT_EXIST);
    }

    static PSQLException refused() {
        return new PSQLException(
                "Connection refused.", PSQLState.CONNECTION_UNABLE_TO_CONNECT, new ConnectException("refused"));
    }
}
