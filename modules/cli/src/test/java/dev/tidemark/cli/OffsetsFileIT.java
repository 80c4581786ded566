package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaTool;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Offsets go through files, to Kafka's own tool and back. */
@Tag("exhaustive")
class OffsetsFileIT {
    private final ReadGroup group = ReadGroup.make();
    private final Cli cli = group.cli();

    @Test
    void kafkasToolReadsWhatExportWrote(@TempDir Path directory) throws IOException {
        group.store(42, 43);
        Path file = directory.resolve("offsets.csv");
        Result exported = Cli.on(group.database).run("export", group.name, "--file", file.toString());
        assertThat(exported.exitCode()).isZero();
        assertThat(exported.out()).isEmpty();
        assertThat(Files.readString(file)).isEqualTo(group.name + ",0,42\n" + group.name + ",1,43\n");

        String shown = KafkaTool.consumerGroups(
                group.kafka, "--reset-offsets", "--group", group.name, "--from-file", file.toString(), "--dry-run");
        assertThat(shown.lines().filter(line -> line.contains(group.name)).toList())
                .anyMatch(line -> line.matches(group.name + " +" + group.name + " +0 +42 *"))
                .anyMatch(line -> line.matches(group.name + " +" + group.name + " +1 +43 *"))
                .hasSize(2);
    }

    @Test
    void importReadsWhatKafkasToolWrote(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("offsets.csv");
        Files.writeString(
                file,
                KafkaTool.consumerGroups(
                        group.kafka,
                        "--reset-offsets",
                        "--group",
                        group.name,
                        "--topic",
                        group.name,
                        "--to-offset",
                        "17",
                        "--export",
                        "--dry-run"));
        Result dry = cli.run("import", group.name, "--file", file.toString());
        assertThat(dry.out().lines().toList().get(2)).matches(group.name + " +1 +100 +17 +83");
        assertThat(group.stored()).containsExactly(100L, 100L);
        Result done = cli.run("import", group.name, "--file", file.toString(), "--execute", "--reason", "theirs");
        assertThat(done.err()).contains("Done as change");
        assertThat(done.exitCode()).isZero();
        assertThat(group.stored()).containsExactly(17L, 17L);
        assertThat(group.database.number("select count(*) from tidemark.audit_log where reason = 'theirs'"))
                .isEqualTo(2);

        // Two groups make the tool write the other form.
        String both = KafkaTool.consumerGroups(
                group.kafka,
                "--reset-offsets",
                "--group",
                group.name,
                "--group",
                group.name + "-twin",
                "--topic",
                group.name + ":1",
                "--to-offset",
                "19",
                "--export",
                "--dry-run");
        assertThat(both).contains(group.name + "-twin");
        assertThat(importFromInput(group.name, both).exitCode()).isZero();
        assertThat(group.stored()).containsExactly(17L, 19L);
    }

    private Result importFromInput(String name, String text) throws IOException {
        try (Cli.Running running = cli.start("import", name, "--file", "-", "--execute")) {
            try (var in = running.process().getOutputStream()) {
                in.write(text.getBytes(StandardCharsets.UTF_8));
            }
            String out = new String(running.process().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(running.await(180), out, running.err());
        }
    }

    @Test
    void aGroupThatTheStoreHasNotMetIsBound() throws IOException {
        TestDatabase other = Servers.flightDatabase(Servers.postgres());
        Cli there = Cli.on(other, group.kafka);
        Path file = Files.writeString(Files.createTempFile("offsets", ".csv"), group.name + ",1,30\n");
        Result refused = there.run("import", "fresh", "--file", file.toString(), "--missing", "refuse", "--execute");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(refused.err()).startsWith("TM-601").contains("partition 0", "--missing");
        Result done = there.run("import", "fresh", "--file", file.toString(), "--execute", "--reason", "moved in");
        assertThat(done.err()).isEqualToIgnoringNewLines("Done.");
        assertThat(done.exitCode()).isZero();
        assertThat(done.out().lines().toList().get(1)).matches(group.name + " +0 +- +0 +100");
        assertThat(done.out().lines().toList().get(2)).matches(group.name + " +1 +- +30 +70");
        assertThat(
                        other.query(
                                "select b.topic_id, b.partitions, o.partition, o.next_offset from tidemark.topic_binding b"
                                        + " join tidemark.stored_offset o using (group_id, topic) where group_id = 'fresh' order by 3"))
                .containsExactly(
                        group.kafka.topicId(group.name) + "|2|0|0", group.kafka.topicId(group.name) + "|2|1|30");
        assertThat(other.query("select distinct action, reason from tidemark.audit_log"))
                .containsExactly("bind|moved in");
        Files.delete(file);
    }

    @Test
    void exportGoesToStandardOutputAndMayBeSomeOfIt() {
        Result all = Cli.on(group.database).run("export", group.name);
        assertThat(all.out()).isEqualTo(group.name + ",0,100\n" + group.name + ",1,100\n");
        assertThat(cli.run("export", group.name, "--topic", group.name + ":1").out())
                .isEqualTo(group.name + ",1,100\n");
    }

    @Test
    void wrongInputAndServersThatAreAwayAreExplained(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("offsets.csv"), group.name + ",0,101\n");
        Cli noKafka = Cli.on(group.database, "localhost:1");
        Cli noDatabase = Cli.with(Map.of("TIDEMARK_JDBC_URL", "jdbc:postgresql://localhost:1/nothing"));
        String path = file.toString();
        assertFails(cli.run("export", "nobody"), ExitCode.WRONG_INPUT, "TM-601", group.name);
        assertFails(cli.run("export", group.name, "--topic", "x"), ExitCode.WRONG_INPUT, "TM-601", "topic x");
        assertFails(
                cli.run("export", group.name, "--file", "/no/such/place"), ExitCode.WRONG_INPUT, "TM-103", "/no/such");
        assertFails(noDatabase.run("export", group.name), ExitCode.UNREACHABLE, "TM-212", "database");
        assertFails(noDatabase.run("import", group.name, "--file", path), ExitCode.UNREACHABLE, "TM-212", "database");
        assertFails(noKafka.run("import", group.name, "--file", path), ExitCode.UNREACHABLE, "TM-310", "Kafka");
        assertFails(cli.run("import", group.name, "--file", path, "--execute"), ExitCode.WRONG_INPUT, "TM-601", "101");
        assertFails(cli.run("import", group.name, "--file", "/no/such"), ExitCode.WRONG_INPUT, "TM-103", "/no/such");
        Files.writeString(file, "other," + group.name + ",0,1\n");
        assertFails(cli.run("import", group.name, "--file", path), ExitCode.WRONG_INPUT, "TM-601", "1 other group");
        Files.writeString(file, "what is this\n");
        assertFails(cli.run("import", group.name, "--file", path), ExitCode.WRONG_INPUT, "TM-103", "line 1");
        Files.writeString(file, "nothing,0,1\n");
        assertFails(cli.run("import", group.name, "--file", path), ExitCode.WRONG_INPUT, "TM-307", "nothing");
        assertThat(cli.run("import", group.name).exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(group.stored()).isEqualTo(List.of(100L, 100L));

        Files.writeString(file, group.name + ",0,101\n");
        assertThat(noKafka.run("import", group.name, "--file", path, "--force", "--execute")
                        .exitCode())
                .isZero();
        assertThat(group.stored()).containsExactly(101L, 100L);
    }

    private static void assertFails(Result result, int exitCode, String code, String... words) {
        assertThat(result.err()).startsWith(code).contains(words).hasLineCount(1);
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.out()).isEmpty();
    }
}
