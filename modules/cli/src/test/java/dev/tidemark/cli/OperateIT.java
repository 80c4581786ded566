package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Groups that are paused, resumed and deleted, and who did it; as processes on a real database, while Kafka is down. */
class OperateIT {
    private final StoredGroups store =
            new StoredGroups().with("etl", "flights", 3).with("etl", "airports", 1);
    private final Cli cli = store.cli();

    private static JsonNode json(Result result) throws IOException {
        return new ObjectMapper().readTree(result.out());
    }

    private List<String> pauses() {
        return store.database()
                .query("select coalesce(topic, '*'), coalesce(partition, -1), coalesce(reason, '-')"
                        + " from tidemark.consumer_pause order by 1, 2");
    }

    @Test
    void aPauseIsADryRunUntilItIsMeant() throws IOException {
        Result dry = cli.run("pause", "etl", "--topic", "flights:0,2", "-o", "json");
        assertThat(dry.exitCode()).isZero();
        assertThat(dry.err()).contains("Nothing was changed", "--execute");
        assertThat(json(dry).findValuesAsText("partition")).containsExactly("0", "2");
        assertThat(json(dry).findValuesAsText("paused_before")).containsExactly("no", "no");
        assertThat(json(dry).findValuesAsText("paused_after")).containsExactly("partition", "partition");
        assertThat(pauses()).isEmpty();

        Result done = cli.run("pause", "etl", "--topic", "flights:0,2", "--execute", "--reason", "repairs");
        assertThat(done.exitCode()).isZero();
        assertThat(done.err()).isEmpty();
        assertThat(done.out()).startsWith("TOPIC").contains("PAUSED-BEFORE", "PAUSED-AFTER");
        assertThat(pauses()).containsExactly("flights|0|repairs", "flights|2|repairs");

        // Again, and a wider scope, is not an error.
        Result more = cli.run("pause", "etl", "--execute", "-o", "csv");
        assertThat(more.exitCode()).isZero();
        assertThat(more.out().lines().toList())
                .containsExactly(
                        "topic,partition,stored_offset,lag,owner,paused_before,paused_after",
                        "airports,0,10,,,no,group",
                        "flights,0,10,,,partition,group",
                        "flights,1,20,,,no,group",
                        "flights,2,30,,,partition,group");
        assertThat(pauses()).hasSize(3);
    }

    @Tag("exhaustive")
    @Test
    void aResumeEndsWhatIsWithinItAndSaysWhatGoesOn() throws IOException {
        assertThat(cli.run("pause", "etl", "--topic", "flights:1", "--topic", "airports", "--execute")
                        .exitCode())
                .isZero();
        Result dry = cli.run("resume", "etl", "--topic", "flights", "-o", "json");
        assertThat(dry.exitCode()).isZero();
        assertThat(dry.err()).contains("Nothing was changed");
        assertThat(json(dry).findValuesAsText("paused_before")).containsExactly("no", "partition", "no");
        assertThat(json(dry).findValuesAsText("paused_after")).containsExactly("no", "no", "no");
        assertThat(pauses()).hasSize(2);

        assertThat(cli.run("resume", "etl", "--topic", "flights", "--execute").exitCode())
                .isZero();
        assertThat(pauses()).containsExactly("airports|-1|-");
        assertThat(cli.run("resume", "etl", "--execute").exitCode()).isZero();
        assertThat(pauses()).isEmpty();
    }

    @Test
    void aResumeThatEndsNothingSaysWhatIsPaused() {
        Result nothing = cli.run("resume", "etl", "--execute");
        assertThat(nothing.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(nothing.err())
                .isEqualToIgnoringNewLines("TM-601: no pause of group etl matches that; nothing is paused");
        assertThat(cli.run("pause", "etl", "--execute").exitCode()).isZero();
        Result narrow = cli.run("resume", "etl", "--topic", "flights:1", "--execute");
        assertThat(narrow.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(narrow.out()).isEmpty();
        assertThat(narrow.err())
                .isEqualToIgnoringNewLines("TM-601: no pause of group etl matches that; paused: the whole group");
        assertThat(pauses()).containsExactly("*|-1|-");
    }

    @Test
    void whatTheGroupDoesNotHaveIsNamed() {
        assertThat(cli.run("pause", "nobody").err()).startsWith("TM-601: no group nobody");
        Result topic = cli.run("pause", "etl", "--topic", "trains", "--execute");
        assertThat(topic.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(topic.err()).contains("all of topic trains", "its topics are airports, flights");
        assertThat(cli.run("resume", "etl", "--topic", "flights:7").err())
                .contains("topic flights partition 7", "it has 0 to 2");
        Result typed = cli.run("pause", "etl", "--topic", "flights:x");
        assertThat(typed.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(typed.err()).contains("flights:0,2");
    }

    @Test
    void aDeletedGroupIsGoneAndItsAuditRowsTellWhereItStood() throws IOException {
        long id = store.park("etl", "flights", 4, "TM-502");
        store.database().execute("select tidemark.pause('etl')");
        Result dry = cli.run("delete", "etl", "-o", "json");
        assertThat(dry.exitCode()).isZero();
        assertThat(dry.err()).contains("would be refused", "1 dead letters", "Nothing was changed");
        JsonNode flights = json(dry).get(1);
        assertThat(flights.get("partitions").asInt()).isEqualTo(3);
        assertThat(flights.get("owned_partitions").asInt()).isZero();
        assertThat(flights.get("dead_letters").asInt()).isEqualTo(1);
        assertThat(flights.get("pauses").asInt()).isEqualTo(1);

        Result refused = cli.run("delete", "etl", "--execute");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(refused.out()).isEmpty();
        assertThat(refused.err())
                .startsWith("TM-603")
                .contains("1 dead letters", "or --force")
                .hasLineCount(1);

        Result forced = cli.run("delete", "etl", "--force", "--execute", "--reason", "no longer needed");
        assertThat(forced.exitCode()).isZero();
        assertThat(forced.err()).isEmpty();
        assertThat(store.database().number("select count(*) from tidemark.stored_offset"))
                .isZero();
        assertThat(store.database().number("select count(*) from tidemark.dead_letter where id = " + id))
                .isZero();
        assertThat(cli.run("delete", "etl").err()).startsWith("TM-601");

        JsonNode audit = json(cli.run("audit", "etl", "--action", "delete", "--topic", "flights", "-o", "json"));
        assertThat(audit.findValuesAsText("from_offset")).containsExactly("10", "20", "30");
        assertThat(audit.findValuesAsText("reason")).containsOnly("no longer needed");
    }

    @Test
    void theAuditTellsWhoDidWhatAndWhichBelongsTogether() throws IOException {
        assertThat(cli.run("pause", "etl", "--topic", "flights:0,1", "--execute", "--reason", "repairs")
                        .exitCode())
                .isZero();
        Result table = cli.run("audit", "etl");
        assertThat(table.exitCode()).isZero();
        assertThat(table.out().lines().findFirst().orElseThrow())
                .matches("CHANGE-ID +AT +ACTION +GROUP-ID +TOPIC +PARTITION +FROM-OFFSET +TO-OFFSET +BY-ROLE +BY-CLIENT"
                        + " +REASON +DETAILS");
        JsonNode all = json(cli.run("audit", "-o", "json"));
        assertThat(all.findValuesAsText("action").get(0)).isEqualTo("bind");
        JsonNode binding = all.get(0).get("details").get("to");
        assertThat(binding.get("cluster_id").asText()).isEqualTo("cluster");

        JsonNode paused = json(cli.run("audit", "etl", "--action", "pause,resume", "--since", "1h", "-o", "json"));
        assertThat(paused).hasSize(2);
        assertThat(paused.findValuesAsText("partition")).containsExactly("0", "1");
        assertThat(paused.findValuesAsText("reason")).containsOnly("repairs");
        assertThat(paused.findValuesAsText("by_role")).containsOnly("tidemark_operator");
        assertThat(paused.findValuesAsText("by_client")).containsOnly("tidemark-cli");
        assertThat(paused.findValuesAsText("change_id").stream().distinct()).hasSize(1);

        JsonNode newest = json(cli.run("audit", "--limit", "1", "-o", "json"));
        assertThat(newest.findValuesAsText("partition")).containsExactly("1");
        assertThat(json(cli.run("audit", "etl", "--since", "2999-01-01T00:00:00Z", "-o", "json")))
                .isEmpty();
        assertThat(cli.run("audit", "etl", "--topic", "airports", "-o", "csv")
                        .out()
                        .lines())
                .hasSize(3);
    }

    @Test
    void anAuditOfNothingIsExplained() {
        Result unknown = cli.run("audit", "nobody");
        assertThat(unknown.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(unknown.err()).startsWith("TM-601").contains("there is etl");
        assertThat(cli.run("audit", "etl", "--since", "yesterday").err()).contains("is not a time");
        assertThat(cli.run("audit", "--action", "eat").err()).contains("manual_move");
        assertThat(cli.run("audit", "--limit", "0").exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    }

    @Test
    void withoutADatabaseThereIsNothingToOperate() {
        Cli away = Cli.with(Map.of("TIDEMARK_JDBC_URL", "jdbc:postgresql://localhost:1/nothing"));
        for (String[] command : List.of(
                new String[] {"audit"},
                new String[] {"pause", "etl", "--execute"},
                new String[] {"resume", "etl", "--execute"},
                new String[] {"delete", "etl", "--execute"},
                new String[] {"dead-letters", "list", "etl"},
                new String[] {"dead-letters", "show", "etl", "1"},
                new String[] {"dead-letters", "drop", "etl", "--all", "--execute"})) {
            Result result = away.run(command);
            assertThat(result.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
            assertThat(result.out()).isEmpty();
            assertThat(result.err()).startsWith("TM-212").hasLineCount(1);
        }
    }
}
