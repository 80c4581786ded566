package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Commands say why the server refuses a connection, as the library does. */
class RefusedConnectionCommandsIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

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
