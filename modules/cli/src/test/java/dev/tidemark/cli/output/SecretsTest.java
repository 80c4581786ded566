package dev.tidemark.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What looks like a password in a line is not shown, and everything else is. */
class SecretsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "no group jdbc:postgresql://db/app?user=u&password=hunter2&x=1 in | no group jdbc:postgresql://db/app?user=u&password=***&x=1 in",
                "postgresql://u:hunter2@db/app | postgresql://u:***@db/app",
                "postgresql:/u:hunter2@db/app | postgresql:/u:***@db/app",
                "PASSWORD = 'hun ter2' and | PASSWORD = *** and",
                "ssl.key.password=hunter2 | ssl.key.password=***",
                "\"pwd=hunter2\" | \"pwd=***\"",
                "password=\"hunter2\"; | password=***;",
                "password=hun,ter2 | password=***",
                "password=hun;ter\"2 in | password=*** in",
                "(password=hunter2) | (password=***)",
                "password=\"hun\"ter2\"; | password=***",
                "{\"password\": \"hunter2\", \"x\": 1} | {\"password\": ***, \"x\": 1}",
                "aws_secret_key=hunter2 | aws_secret_key=***",
                "api_key=hunter2&x=1 | api_key=***&x=1",
                "postgresql://u:hun@ter/2@db/app | postgresql://u:***@db/app"
            })
    void masked(String line, String expected) {
        assertThat(Secrets.masked(line)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "the database rejects the password: check it, or set PGPASSWORD",
                "password authentication failed for user u",
                "http://host:8080/path and me@example.org",
                "PLAINTEXT://localhost:9092",
                "topic tokens:0,1"
            })
    void left(String line) {
        assertThat(Secrets.masked(line)).isEqualTo(line);
    }
}
