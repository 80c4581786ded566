package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGProperty;

/** Commands say why the server refuses a connection, as the library does. */
@Tag("exhaustive")
class RefusedConnectionCommandsIT {
    private static final TestDatabase DATABASE = Servers.flightDatabase(Servers.postgres());

    /** Those name another server, or the way to this one. */
    private static final Set<PGProperty> ELSEWHERE = EnumSet.of(
            PGProperty.PG_HOST,
            PGProperty.PG_PORT,
            PGProperty.PG_DBNAME,
            PGProperty.USER,
            PGProperty.PASSWORD,
            PGProperty.SERVICE,
            PGProperty.LOCAL_SOCKET_ADDRESS);

    /** The driver reads numbers only when they are needed. */
    @ParameterizedTest
    @ValueSource(strings = {"socketTimeout=x", "connectTimeout=10s", "loginTimeout=", "prepareThreshold=never"})
    void aNumberInTheUrlThatIsNoneIsWrongInput(String setting) {
        for (String command : new String[] {"groups", "migrate", "doctor"}) {
            Cli.Result result = Cli.with(Map.of("TIDEMARK_JDBC_URL", DATABASE.jdbcUrl() + "&" + setting))
                    .run(command);
            assertThat(result.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err()).startsWith("TM-103").hasLineCount(1).doesNotContain(Canary.PASSWORD.plant());
        }
    }

    static Stream<PGProperty> properties() {
        return Arrays.stream(PGProperty.values()).filter(property -> !ELSEWHERE.contains(property));
    }

    /** Each property of the driver, also of a later one: it is of no consequence, or refused for what it is. */
    @ParameterizedTest
    @MethodSource("properties")
    void eachPropertyIsRefusedOrWorks(PGProperty property) {
        for (String value : List.of("nonsense", "1", "")) {
            String setting = property.getName() + "=" + value;
            Cli.Result result = Cli.with(
                            Map.of("TIDEMARK_JDBC_URL", DATABASE.reader().jdbcUrl() + "&" + setting))
                    .run("groups");
            if (result.exitCode() != ExitCode.DONE) {
                assertThat(result.err())
                        .as(setting)
                        .matches("(?s)TM-(103|209).*")
                        .hasLineCount(1)
                        .doesNotContain(Canary.PASSWORD.plant());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "targetServerType=primry, preferSecondary",
        "sslmode=requird, verify-full",
        "maxResultBuffer=1, 100M",
        "autosave=foo, conservative",
        "socketFactory=nosuch, SocketFactory",
        "localSocketAddress=nowhere.invalid, is no address",
        "ApplicationName=100%, %25"
    })
    void aValueThatTheDriverCannotUseIsWrongInput(String setting, String words) {
        for (String command : new String[] {"groups", "migrate"}) {
            Cli.Result result = Cli.with(Map.of("TIDEMARK_JDBC_URL", DATABASE.jdbcUrl() + "&" + setting))
                    .run(command);
            assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err())
                    .startsWith("TM-103")
                    .contains(words)
                    .hasLineCount(1)
                    .doesNotContain(Canary.PASSWORD.plant());
        }
    }

    @Test
    void theServersReasonIsTold() {
        for (String command : new String[] {"groups", "migrate", "doctor"}) {
            Cli.Result result = Cli.with(
                            Map.of("TIDEMARK_JDBC_URL", DATABASE.jdbcUrl() + "&options=-c%20TimeZone=Mars"))
                    .run(command);
            String said = result.out() + result.err();
            assertThat(said)
                    .as(command)
                    .contains("TM-209")
                    .contains("invalid value for parameter 'TimeZone': 'Mars'")
                    .contains("-Duser.timezone")
                    .doesNotContain("check user")
                    .doesNotContain("user and password")
                    .doesNotContain("TM-201")
                    .doesNotContain("TM-900")
                    .doesNotContain(Canary.PASSWORD.plant());
        }
    }
}
