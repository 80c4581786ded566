package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands say why the server refuses a connection, as the library does. */
class RefusedConnectionCommandsIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    /** The driver reads numbers only when they are needed. */
    @ParameterizedTest
    @ValueSource(strings = {"socketTimeout=x", "connectTimeout=10s", "loginTimeout=", "prepareThreshold=never"})
    void aNumberInTheUrlThatIsNoneIsWrongInput(String setting) {
        for (String command : new String[] {"groups", "migrate", "doctor"}) {
            Cli.Result result = Cli.with(Map.of("TIDEMARK_JDBC_URL", database.jdbcUrl() + "&" + setting))
                    .run(command);
            assertThat(result.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err()).startsWith("TM-103").hasLineCount(1).doesNotContain(Canary.PASSWORD.plant());
        }
    }

    @Test
    void theServersReasonIsTold() {
        for (String command : new String[] {"groups", "migrate", "doctor"}) {
            Cli.Result result = Cli.with(
                            Map.of("TIDEMARK_JDBC_URL", database.jdbcUrl() + "&options=-c%20TimeZone=Mars"))
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
