package dev.tidemark.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What looks like a password is not shown, and everything else is. */
class SecretsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "no group jdbc:postgresql://db/app?user=u&password=hunter2&x=1 in | no group jdbc:postgresql://db/app?user=u&password=***&x=1 in",
                "database \"x&password=hunter2\" does not exist | database \"x&password=***\" does not exist",
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
                "postgresql://u:hun@ter/2@db/app | postgresql://u:***@db/app",
                "password: hunter2 | password: ***",
                "user: u, password: hunter, port: 1 | user: u, password: *** port: 1",
                "Password : 'hun ter2' was wrong | Password : *** was wrong",
                "client_secret: HUNTER of app | client_secret: *** of app",
                "Bearer HUNTER2 | Bearer ***",
                "got 401 for bearer eyJhbGciOi.eyJzdWIi.x-_y== there | got 401 for bearer *** there",
                "Authorization: Basic aHVudGVyMg== | Authorization: Basic ***",
                "{Authorization=[Bearer HUNTER2], x=[y]} | {Authorization=[Bearer ***], x=[y]}",
                "proxy-authorization: aHVudGVyMjI5 | proxy-authorization: ***",
                "Authorization: ApiKey aHVudGVyMjI5 | Authorization: ApiKey ***",
                "jdbc:postgresql://u:hunter2@db:5432/app | jdbc:postgresql://u:***@db:5432/app",
                "u:hunter2@host:9092 | u:***@host:9092",
                "invalid url in bootstrap.servers: u:hun@ter:2@host.example:9092,other:9092 | invalid url in bootstrap.servers: u:***@host.example:9092,other:9092",
                "alter role u password 'hunter2' valid | alter role u password *** valid"
            })
    void masked(String text, String expected) {
        assertThat(Secrets.masked(text)).isEqualTo(expected);
    }

    @Test
    void linesOfAFile() {
        assertThat(Secrets.masked("user: u\npassword: hunter\nport: 1\n"))
                .isEqualTo("user: u\npassword: ***\nport: 1\n");
        assertThat(Secrets.masked("-----BEGIN PRIVATE KEY-----\nhunter\n2\n-----END PRIVATE KEY-----\nx"))
                .isEqualTo("-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----\nx");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "the database rejects the password: check it, or set PGPASSWORD",
                "check user and password (in the JDBC URL, PGUSER and PGPASSWORD, ~/.pgpass), sslmode and pg_hba.conf",
                "password authentication failed for user u",
                "FATAL: no password: the server asks for one",
                "Bearer authentication failed; basic authentication is off. Basic Auth",
                "Topic authorization failed: not allowed to read",
                "authorization: denied for group etl",
                "http://host:8080/path and me@example.org",
                "PLAINTEXT://localhost:9092",
                "1@host-1:9093,2@host-2:9093,3@host-3:9093",
                "bootstrap.servers (--bootstrap-servers) is not a list of host:port, such as localhost:9092,other:9092",
                "no basic read/write settings",
                "Unexpected token: END, expected: ','",
                "Unrecognized token 'abc': was expecting a value",
                "a.B: message\n\tat java.base/java.lang.Thread.run(Thread.java:833)\n\tat app//x.Y$1@1f2e:12",
                "topic tokens:0,1"
            })
    void left(String text) {
        assertThat(Secrets.masked(text)).isEqualTo(text);
    }

    /** Errors of dead letters are long, and their text is anybody's. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "password='",
                "password=",
                "://a:",
                "a:b",
                "Bearer ",
                "authorization:x ",
                "'\"",
                "-----BEGIN PRIVATE KEY-----"
            })
    void aLongTextTakesNoTime(String part) {
        String text = part.repeat((64 << 10) / part.length());
        assertThat(Secrets.masked(text)).isNotNull();
    }
}
