package dev.tidemark.cli.option;

import dev.tidemark.admin.PlanOptions;
import picocli.CommandLine.Option;

/** How offsets are imported. */
public final class ImportOptions {
    /** The values of the option; people type them in lower case. */
    enum Missing {
        earliest(PlanOptions.Missing.EARLIEST),
        latest(PlanOptions.Missing.LATEST),
        refuse(PlanOptions.Missing.REFUSE);

        private final PlanOptions.Missing where;

        Missing(PlanOptions.Missing where) {
            this.where = where;
        }
    }

    @Option(
            names = "--missing",
            paramLabel = "WHERE",
            defaultValue = "earliest",
            description = "Where a partition without an offset starts, of a topic that is new to the group: one of"
                    + " ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Missing missing = Missing.earliest;

    /** For the plan. */
    public PlanOptions options(boolean force) {
        PlanOptions options = PlanOptions.defaults().withMissing(missing.where);
        return force ? options.unchecked() : options;
    }
}
