package dev.tidemark.cli.command;

import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.KafkaOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.option.WholeNumbers;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import dev.tidemark.doctor.Doctor;
import dev.tidemark.doctor.Finding;
import dev.tidemark.doctor.Verdict;
import dev.tidemark.internal.log.Secrets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Checks everything, and says how to fix it. */
@Command(
        name = "doctor",
        description = {
            "Checks server, schema, rights, pooler, timeouts, connections, groups, Kafka, ids and retention, and prints a fix"
                    + " for each check that fails. Of all groups, unless one is named. Changes nothing.",
            "Connect as the role that is to be checked. Checks that need Kafka are skipped if no cluster is given. Exits with"
                    + " 4 if a check failed; warnings alone do not count."
        })
public final class DoctorCommand implements Callable<Integer> {
    /** Kafka's client requires a group id. */
    private static final String NO_GROUP = "tidemark-doctor";

    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "1",
            converter = WholeNumbers.Workers.class,
            description = "How many workers one consumer has. Default: ${DEFAULT-VALUE}.")
    private int workers = 1;

    @Option(
            names = "--pool",
            paramLabel = "N",
            converter = WholeNumbers.Counts.class,
            description = "How many connections its pool holds.")
    private @Nullable Integer pool;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        Doctor.Builder doctor = Doctor.builder(database.forLooks())
                .schema(database.schema())
                .workers(workers)
                .prepareThreshold(database.prepareThreshold());
        if (group.isGiven()) {
            doctor.group(group.get());
        }
        if (pool != null) {
            doctor.poolSize(pool);
        }
        if (kafka.isGiven()) {
            doctor.kafka(kafka.config(group.isGiven() ? group.get() : NO_GROUP));
        }
        List<Finding> findings =
                doctor.build().examine().stream().map(this::shown).toList();
        Table table = new Table("section", "check", "verdict", "finding", "fix");
        findings.forEach(f -> table.add(f.section(), f.check(), text(f.verdict()), f.finding(), f.fix()));
        output.print(table, words(findings));
        return count(findings, Verdict.FAIL) > 0 ? ExitCode.FINDINGS : ExitCode.DONE;
    }

    /** For people: the verdict first, and the fix on the line below. */
    private static String words(List<Finding> findings) {
        StringBuilder words = new StringBuilder();
        String section = "";
        for (Finding finding : findings) {
            if (!finding.section().equals(section)) {
                section = finding.section();
                words.append(String.format(Locale.ROOT, "%s%n", section));
            }
            words.append(String.format(
                    Locale.ROOT, "  %-7s %s: %s%n", finding.verdict(), finding.check(), Table.text(finding.finding())));
            if (finding.fix() != null) {
                words.append(String.format(Locale.ROOT, "          fix: %s%n", Table.text(finding.fix())));
            }
        }
        words.append(String.format(
                Locale.ROOT,
                "%d ok, %d warnings, %d failed, %d skipped%n",
                count(findings, Verdict.OK),
                count(findings, Verdict.WARN),
                count(findings, Verdict.FAIL),
                count(findings, Verdict.SKIPPED)));
        return words.toString();
    }

    private static String text(Verdict verdict) {
        return verdict.name().toLowerCase(Locale.ROOT);
    }

    private static long count(List<Finding> findings, Verdict verdict) {
        return findings.stream().filter(finding -> finding.verdict() == verdict).count();
    }

    /** What was typed, such as the name of a group, is in findings too. */
    private Finding shown(Finding finding) {
        String fix = finding.fix();
        return new Finding(
                finding.section(),
                finding.check(),
                finding.verdict(),
                Secrets.masked(finding.finding()),
                fix == null ? null : Secrets.masked(output.repeated(fix)));
    }
}
