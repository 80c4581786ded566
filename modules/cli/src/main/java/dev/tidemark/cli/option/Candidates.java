package dev.tidemark.cli.option;

import dev.tidemark.sql.ColumnType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a shell offers as the value of an option: the words as people type them. Pure. */
final class Candidates {
    private Candidates() {}

    /** For {@code --key} and {@code --value}. */
    static final class ColumnTypes extends WordList {
        ColumnTypes() {
            super(Arrays.stream(ColumnType.values())
                    .map(type -> type.name().toLowerCase(Locale.ROOT))
                    .collect(Collectors.toList()));
        }
    }

    /** For {@code --on-failure}; three stands for any number of retries. */
    static final class Failures extends WordList {
        Failures() {
            super(List.of(
                    "park",
                    "park-key",
                    "skip",
                    "halt",
                    "retry=3,park",
                    "retry=3,park-key",
                    "retry=3,skip",
                    "retry=3,halt"));
        }
    }

    /** For {@code --on-gap}. */
    static final class Gaps extends WordList {
        Gaps() {
            super(List.of("halt", "earliest"));
        }
    }

    /** For {@code --start}, which also takes times. */
    static final class Starts extends WordList {
        Starts() {
            super(List.of("earliest", "latest", "committed"));
        }
    }
}
