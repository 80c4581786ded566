package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import java.io.StringWriter;
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
                Arguments.of("reset etl --to-offset abc", "'abc' is not a whole number; see tidemark reset --help"),
                Arguments.of(
                        "run job.sql --group g --workers many",
                        "'many' is not a whole number; see tidemark run --help"),
                Arguments.of("run job.sql --group g --on-failure explode", "is not a failure policy"),
                Arguments.of("run", "Missing required parameter: 'JOB.sql'"),
                Arguments.of("run job.sql", "Missing required option"),
                Arguments.of("import etl", "Missing required option: '--file=FILE'"),
                Arguments.of("audit --since yesterday", "'yesterday' is not a time"),
                Arguments.of("audit --action eat", "expected one of [reset, undo,"),
                Arguments.of("groups -o yaml", "expected one of"),
                Arguments.of("describe etl --owner", "unknown option '--owner'; see tidemark describe --help"),
                Arguments.of("groups --jdbc-ulr x", "did you mean --jdbc-url?"),
                Arguments.of("describe etl other", "unexpected argument 'other'"),
                Arguments.of("rebnd", "did you mean rebind"),
                Arguments.of(
                        "dead-letters", "the commands are list, show, redrive, drop; see tidemark dead-letters --help"),
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
                .hasLineCount(1);
        assertThat(err.toString().indexOf("TM-103", 1)).isNegative();
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
