package dev.tidemark.docs;

import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** The code that docs/dead-letters.md shows; run by {@link DeadLetterGuideIT}. */
final class DeadLetterExamples {
    private DeadLetterExamples() {}

    static void list(DataSource dataSource) throws SQLException {
        // docs: list
        DeadLetters letters = DeadLetters.of("flights-etl");
        try (Connection connection = dataSource.getConnection()) {
            for (DeadLetter letter : letters.list(connection, 0, 100)) { // the next page begins after the last id
                System.out.println(letter + " " + letter.errorClass().orElse("parked behind one of its key"));
            }
        }
        // docs: end
    }

    static boolean drop(Connection connection, long id) throws SQLException {
        // docs: drop
        boolean dropped = DeadLetters.of("flights-etl").drop(connection, id, "test data of 3 May");
        // docs: end
        return dropped;
    }
}
