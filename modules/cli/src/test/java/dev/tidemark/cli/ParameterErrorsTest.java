package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.TidemarkSchema;
import dev.tidemark.cli.output.ExitCode;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Arguments that no command has: one line, with a code and where to read on, and without what may be a secret. */
class ParameterErrorsTest {
    static Stream<Arguments> wrong() {
        return Stream.of(
                Arguments.of(
                        "reset etl --to-offset abc",
                        "'abc' is not a whole number from 0 to 9223372036854775807; see tidemark reset --help"),
                Arguments.of(
                        "run job.sql --group g --workers many",
                        "'many' is not a whole number from 1 to 262142; see tidemark run --help"),
                Arguments.of("run job.sql --group g --on-failure explode", "is not a failure policy"),
                Arguments.of("run", "Missing required parameter: 'JOB.sql'"),
                Arguments.of("run job.sql", "Missing required option"),
                Arguments.of("import etl", "Missing required option: '--file=FILE'"),
                Arguments.of("audit --since yesterday", "'yesterday' is not a time"),
                Arguments.of("audit --action eat", "'eat' is none of reset, undo,"),
                Arguments.of("groups -o yaml", "expected one of"),
                Arguments.of("describe etl --owner", "unknown option '--owner'; see tidemark describe --help"),
                Arguments.of("groups --jdbc-ulr x", "did you mean --jdbc-url?"),
                Arguments.of("describe etl other", "unexpected argument 'other'"),
                Arguments.of("rebnd", "did you mean rebind"),
                Arguments.of("help", "unexpected argument 'help'; see tidemark --help"),
                Arguments.of("rebind etl --to-latest --topic=", "'' is no name of a topic"),
                Arguments.of("audit --topic=", "'' is no name of a topic"),
                Arguments.of("run job.sql --group g --value xml", "expected one of [jsonb, text, bytea]"),
                Arguments.of(
                        "dead-letters", "the commands are list, show, redrive, drop; see tidemark dead-letters --help"),
                Arguments.of("describe -- -pw", "begins with a dash"),
                Arguments.of("export-to-kafka --topic t --execute -- --password=pw", "begins with a dash"),
                Arguments.of("run --group g -- --token=pw", "begins with a dash"),
                Arguments.of("groups --limit=7 -x", "unknown options '--limit', '-x'"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void oneLine(String arguments, String part) {
        StringWriter err = new StringWriter();
        int code = InProcess.run(Map.of(), new StringWriter(), err, arguments.split(" "));
        assertThat(code).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(err.toString())
                .startsWith("TM-103: ")
                .contains(part, "--help")
                .doesNotContain("pw")
                .hasLineCount(1);
        assertThat(err.toString().indexOf("TM-103", 1)).isNegative();
    }

    private static final String LONGS = "from 0 to 9223372036854775807";

    static Stream<Arguments> outOfRange() {
        String durations = "a duration may be 0s to 106751991167d";
        String times = "a time may be -292275055-05-16T16:47:04.192Z to +292278994-08-17T07:12:55.807Z";
        String run = "run job.sql --group g --topic t";
        return Stream.of(
                Arguments.of(
                        "reset etl --all-topics", "--to-offset", List.of("-5", "9223372036854775808", "1.5"), LONGS),
                Arguments.of("rebind etl --topic t --force", "--to-offset", List.of("-5", "NaN", "1e3"), LONGS),
                Arguments.of(
                        "reset etl --all-topics",
                        "--shift-by",
                        List.of("9223372036854775808", "1.5", "NaN"),
                        "from -9223372036854775808 to 9223372036854775807"),
                Arguments.of(
                        "reset etl", "--undo", List.of("0", "-1", "9223372036854775808"), "1 to 9223372036854775807"),
                Arguments.of("dead-letters list etl", "--after", List.of("-1", "9223372036854775808"), LONGS),
                Arguments.of("dead-letters list etl", "--limit", List.of("0", "-1", "2147483648"), "1 to 2147483647"),
                Arguments.of("audit", "--limit", List.of("0", "-1", "99999999999", "NaN"), "from 1 to 2147483647"),
                Arguments.of("doctor", "--workers", List.of("0", "-1", "262143"), "from 1 to 262142"),
                Arguments.of("doctor", "--pool", List.of("0", "-1", "2147483648"), "from 1 to 2147483647"),
                Arguments.of(
                        "migrate --print",
                        "--from",
                        List.of("-1", "1.5", "99", "2147483648"),
                        "from 0 to " + TidemarkSchema.VERSION + ";"),
                Arguments.of(run, "--workers", List.of("0", "-3", "262143", "99999999999"), "from 1 to 262142"),
                Arguments.of(run, "--unit-records", List.of("0", "-1", "2147483648"), "from 1 to 2147483647"),
                Arguments.of(run, "--http-port", List.of("-1", "65536", "99999999999"), "from 0 to 65535"),
                Arguments.of(run, "--on-failure", List.of("retry=0,park", "retry=1000000,skip"), "1 to 999999"),
                Arguments.of(run, "--wait-at-most", List.of("999999999999d", "-5m", "-PT1S"), durations),
                Arguments.of(run, "--wait-at-most", List.of("2026-01-01", "1.5h"), "is not a duration"),
                Arguments.of(run, "--start", List.of("999999999999d", "-7d", "P106751991168D"), durations),
                Arguments.of(run, "--start", List.of("+999999999-01-01", "-999999999-01-01"), times),
                Arguments.of("audit", "--since", List.of("999999999999d", "-7d", "PT9223372036854775807S"), durations),
                Arguments.of("audit", "--since", List.of("9999999999-01-01"), "a year may be"),
                Arguments.of(
                        "reset etl --all-topics",
                        "--by-duration",
                        List.of("999999999999d", "99999999999999999999w", "-5d", "P-1D", "P99999999999999999999D"),
                        durations),
                Arguments.of("rebind etl --topic t", "--by-duration", List.of("2026-01-01", "NaN"), "not a duration"),
                Arguments.of("reset etl --all-topics", "--to-datetime", List.of("999999999999d", "-1s"), durations),
                Arguments.of("reset etl --all-topics", "--to-datetime", List.of("+300000000-01-01"), times),
                Arguments.of("pause etl", "--topic", List.of("t:2147483648", "t:-1", "t:1.5"), "0 to 2147483647"),
                Arguments.of(
                        "reset etl --to-latest", "--topic", List.of("t:2147483648", "t:-1"), "from 0 to 2147483647"));
    }

    @ParameterizedTest
    @MethodSource("outOfRange")
    void theOptionTheValueAndTheRangeAreNamed(String command, String option, List<String> values, String range) {
        for (String value : values) {
            StringWriter err = new StringWriter();
            String typed = command + " " + option + "=" + value + " --jdbc-url jdbc:postgresql://localhost:1/x"
                    + (command.startsWith("migrate")
                                    || command.startsWith("pause")
                                    || command.startsWith("audit")
                                    || command.startsWith("dead")
                            ? ""
                            : " --bootstrap-servers localhost:1");
            int code = InProcess.run(Map.of(), new StringWriter(), err, typed.split(" "));
            assertThat(code).as(err.toString()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(err.toString())
                    .startsWith("TM-103: ")
                    .contains(option, "'" + value + "'", range)
                    .hasLineCount(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"abc", "0", "-1", "1.5", "9223372036854775808"})
    void whatIsNoIdOfADeadLetterIsToldAsThat(String id) {
        for (String command :
                List.of("show etl", "drop etl", "redrive job.sql etl", "show --group etl", "drop etl 1")) {
            StringWriter err = new StringWriter();
            String typed = "dead-letters " + command + " " + id + " --jdbc-url jdbc:postgresql://localhost:1/x";
            assertThat(InProcess.run(Map.of(), new StringWriter(), err, typed.split(" ")))
                    .isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(err.toString())
                    .startsWith("TM-103: '" + id + "' is not a whole number from 1 to 9223372036854775807")
                    .contains("dead letter")
                    .hasLineCount(1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "groups --password hunter2",
                "groups --password=hunter2",
                "groups -phunter2",
                "groups -W=hunter2",
                "groups --jdbc-urls=jdbc:postgresql://db/app?password=hunter2",
                "doctor --workers jdbc:postgresql://db/app?user=u&password=hunter2",
                "describe etl jdbc:postgresql://db/app?password=hunter2",
                "describe etl postgresql://u:hunter2@db/app",
                "describe etl PWD=hunter2",
                "describe etl password='hunter2'",
                "reset etl --to-datetime postgresql://u:hunter2@db/app",
                "import etl --file postgresql://u:hunter2@db/app --jdbc-url jdbc:postgresql://localhost:1/x",
                "describe etl --schema jdbc:postgresql://db/app?password=hunter2 --jdbc-url jdbc:postgresql://localhost:1/x"
            })
    void whatMayBeASecretIsNotRepeated(String arguments) {
        StringWriter err = new StringWriter();
        assertThat(InProcess.run(Map.of(), new StringWriter(), err, arguments.split(" ")))
                .isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(err.toString())
                .startsWith("TM-103: ")
                .doesNotContain("hunter2")
                .hasLineCount(1);
    }
}
