package dev.tidemark.cli;

import dev.tidemark.cli.OffsetImport.Missing;
import picocli.CommandLine.Option;

/** How offsets are taken over from elsewhere. */
final class ImportOptions {
    @Option(
            names = "--missing",
            paramLabel = "WHERE",
            defaultValue = "earliest",
            description =
                    "Where a partition begins that is given no offset, of a topic that is new to the group: one of"
                            + " ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Missing missing = Missing.earliest;

    Missing missing() {
        return missing;
    }
}
