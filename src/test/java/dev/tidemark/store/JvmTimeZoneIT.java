package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.SimpleTimeZone;
import java.util.TimeZone;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** A JVM in a time zone that the server does not know: every connection of this JVM is refused. */
@Isolated
@Tag("exhaustive")
class JvmTimeZoneIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    @Test
    void isToldWithItsWayOut() {
        TimeZone before = TimeZone.getDefault();
        TimeZone.setDefault(new SimpleTimeZone(0, "Mars/Olympus"));
        try {
            String words = "invalid value for parameter 'TimeZone': 'Mars/Olympus'";
            TidemarkException failure = Running.failureToStart(
                    Servers.kafka().consumerConfig("nothing", "cooperative"), database.jdbcUrl());
            RefusedConnectionIT.assertTold(failure, "22023", words);
            assertThat(failure).hasMessageContaining("-Duser.timezone");
            RefusedConnectionIT.assertTold(RefusedConnectionIT.migration(database.jdbcUrl()), "22023", words);
        } finally {
            TimeZone.setDefault(before);
        }
    }
}
