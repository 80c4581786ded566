package dev.tidemark.proof;

import dev.tidemark.proof.Arguments.UsageException;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.Finding.Status;
import dev.tidemark.proof.read.AdvanceAudit;
import java.io.IOException;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.common.KafkaException;

/** The program: checks a table of effects against the log, and prints one line for each check. */
public final class ProofMain {
    private static final int SOUND = 0;
    private static final int VIOLATED = 1;
    private static final int NOT_CHECKED = 2;

    private ProofMain() {}

    public static void main(String[] args) {
        System.exit(run(System.out, System.err, args));
    }

    /** Returns the exit code. */
    static int run(PrintStream out, PrintStream err, String... args) {
        try {
            Arguments arguments = new Arguments(args);
            if (arguments.has(Option.HELP)) {
                out.print(Option.help());
                return SOUND;
            }
            return run(out, arguments);
        } catch (UsageException e) {
            err.println("tidemark-proof: " + e.getMessage() + "; --help lists the options");
        } catch (SQLException e) {
            // The driver's messages can carry values.
            err.println("tidemark-proof: the database refuses: " + e.getClass().getSimpleName() + " SQLSTATE "
                    + e.getSQLState());
        } catch (IOException | KafkaException | IllegalStateException e) {
            err.println("tidemark-proof: " + e.getMessage());
        }
        return NOT_CHECKED;
    }

    private static int run(PrintStream out, Arguments arguments) throws SQLException, IOException {
        try (Connection c = connect(arguments)) {
            String schema = arguments.required(Option.SCHEMA);
            if (arguments.has(Option.INSTALL_AUDIT)) {
                AdvanceAudit.install(c, schema);
                return SOUND;
            }
            if (arguments.has(Option.REMOVE_AUDIT)) {
                AdvanceAudit.remove(c, schema);
                return SOUND;
            }
            List<Finding> findings = new ProofRun(arguments).findings(c);
            findings.forEach(finding -> out.println(finding.line()));
            return findings.stream().anyMatch(f -> f.status() == Status.VIOLATED) ? VIOLATED : SOUND;
        }
    }

    private static Connection connect(Arguments arguments) throws SQLException {
        String environment = System.getenv("PROOF_JDBC");
        String url = arguments.has(Option.JDBC) || environment == null ? arguments.required(Option.JDBC) : environment;
        return DriverManager.getConnection(url);
    }
}
