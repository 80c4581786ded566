package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.InProcess;
import dev.tidemark.cli.output.ExitCode;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

class EnvironmentDefaultsTest {
    @Command(name = "run")
    static final class Run {
        @Parameters(index = "0")
        private String job = "";

        @Option(names = "--topic", split = ",")
        private List<String> topics = List.of();

        @Option(names = "--workers", defaultValue = "1")
        private int workers;

        @Option(names = {"-q", "--quiet"})
        private boolean quiet;

        @Option(names = {"--kafka-config", "--command-config"})
        private String config = "";

        @Option(names = "--group", required = true)
        private String group = "";
    }

    @Command(name = "describe")
    static final class Describe {
        @Option(names = "--group")
        private String group = "none";

        @Option(names = "--schema", defaultValue = "tidemark")
        private String schema = "";
    }

    private static <T> T parsed(T command, Map<String, String> environment, String... arguments) {
        new CommandLine(command)
                .setDefaultValueProvider(new EnvironmentDefaults(environment))
                .parseArgs(arguments);
        return command;
    }

    @Test
    void everyOptionOfARunHasAVariable() {
        Map<String, String> environment = Map.of(
                "TIDEMARK_JOB", "job.sql",
                "TIDEMARK_TOPIC", "a,b",
                "TIDEMARK_WORKERS", " 4\n",
                "TIDEMARK_QUIET", "true",
                "TIDEMARK_KAFKA_CONFIG", "client.properties",
                "TIDEMARK_GROUP", "etl");
        Run run = parsed(new Run(), environment);
        assertThat(run.job).isEqualTo("job.sql");
        assertThat(run.topics).containsExactly("a", "b");
        assertThat(run.workers).isEqualTo(4);
        assertThat(run.quiet).isTrue();
        assertThat(run.config).isEqualTo("client.properties");
        assertThat(run.group).isEqualTo("etl");

        Run given = parsed(new Run(), environment, "other.sql", "--topic", "c", "--workers=2", "--group", "g");
        assertThat(given.job).isEqualTo("other.sql");
        assertThat(given.topics).containsExactly("c");
        assertThat(given.workers).isEqualTo(2);
        assertThat(given.group).isEqualTo("g");
    }

    @Test
    void anEmptyOneIsNone() {
        Run run = parsed(new Run(), Map.of("TIDEMARK_WORKERS", "", "TIDEMARK_GROUP", "etl", "TIDEMARK_JOB", "job.sql"));
        assertThat(run.workers).isEqualTo(1);
        assertThat(run.quiet).isFalse();
    }

    @Test
    void otherCommandsTakeOnlyTheServers() {
        Describe describe = parsed(new Describe(), Map.of("TIDEMARK_GROUP", "etl", "TIDEMARK_SCHEMA", "offsets"));
        assertThat(describe.group).isEqualTo("none");
        assertThat(describe.schema).isEqualTo("offsets");
    }

    /** The real command, up to the first thing that it looks at. */
    @Test
    void aContainerNeedsNoArguments() {
        Map<String, String> environment = new HashMap<>(Map.of(
                "TIDEMARK_JOB", "no-such.sql",
                "TIDEMARK_GROUP", "etl",
                "TIDEMARK_TOPIC", "flights",
                "TIDEMARK_BOOTSTRAP_SERVERS", "localhost:1",
                "TIDEMARK_UNTIL_END", "true",
                "TIDEMARK_VERSION", "1.2.3",
                "TIDEMARK_ON_FAILURE", "retry=2,skip"));
        StringWriter err = new StringWriter();
        assertThat(InProcess.run(environment, new StringWriter(), err, "run")).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(err.toString()).startsWith("TM-103").contains("no-such.sql").hasLineCount(1);

        environment.put("TIDEMARK_ON_FAILURE", "explode");
        StringWriter wrong = new StringWriter();
        assertThat(InProcess.run(environment, new StringWriter(), wrong, "run")).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(wrong.toString())
                .startsWith("TM-103")
                .contains("explode", "--on-failure")
                .hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource({
        "yes, true",
        "YES, true",
        "on, true",
        "1, true",
        "True, true",
        "no, false",
        "off, false",
        "0, false",
        "false, false"
    })
    void aFlagIsWrittenInManyWays(String value, boolean quiet) {
        assertThat(parsed(new Run(), Map.of("TIDEMARK_QUIET", value, "TIDEMARK_GROUP", "g", "TIDEMARK_JOB", "j")).quiet)
                .isEqualTo(quiet);
    }

    /** Whoever started the container has typed no option. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "TIDEMARK_UNTIL_END | perhaps | TIDEMARK_UNTIL_END, which may be true or false",
                "TIDEMARK_WORKERS | many | TIDEMARK_WORKERS",
                "TIDEMARK_WORKERS | 0 | TIDEMARK_WORKERS",
                "TIDEMARK_HTTP_PORT | 65536 | TIDEMARK_HTTP_PORT",
                "TIDEMARK_UNIT_RECORDS | -1 | TIDEMARK_UNIT_RECORDS",
                "TIDEMARK_WAIT_AT_MOST | 2026-01-01 | TIDEMARK_WAIT_AT_MOST",
                "TIDEMARK_ON_FAILURE | explode | TIDEMARK_ON_FAILURE",
                "TIDEMARK_START | soon | TIDEMARK_START",
                "TIDEMARK_TOPIC_PATTERN | ( | TIDEMARK_TOPIC_PATTERN"
            })
    void aWrongVariableIsNamed(String variable, String value, String words) {
        Map<String, String> environment =
                new HashMap<>(Map.of("TIDEMARK_JOB", "no-such.sql", "TIDEMARK_GROUP", "etl", variable, value));
        StringWriter err = new StringWriter();
        assertThat(InProcess.run(environment, new StringWriter(), err, "run")).isEqualTo(ExitCode.WRONG_INPUT);
        assertThat(err.toString())
                .startsWith("TM-103")
                .contains("'" + value + "'", "it comes from the variable " + words)
                .hasLineCount(1);
    }

    @Test
    void whatIsTypedIsNoVariables() {
        Map<String, String> environment =
                Map.of("TIDEMARK_JOB", "no-such.sql", "TIDEMARK_GROUP", "etl", "TIDEMARK_WORKERS", "2");
        for (String[] typed : new String[][] {{"run", "--workers", "many"}, {"run", "--workers=many"}}) {
            StringWriter err = new StringWriter();
            assertThat(InProcess.run(environment, new StringWriter(), err, typed))
                    .isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(err.toString()).contains("'many'").doesNotContain("TIDEMARK_");
        }
    }
}
