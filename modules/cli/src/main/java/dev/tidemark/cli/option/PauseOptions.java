package dev.tidemark.cli.option;

import dev.tidemark.admin.PartitionSelection;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The part of a group that is paused or resumed. */
public final class PauseOptions {
    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(
            names = "--topic",
            paramLabel = "TOPIC[:P,...]",
            converter = TopicChoice.Converter.class,
            description = "A topic, or partitions of it, such as flights:0,2. May be repeated. Default: the whole"
                    + " group.")
    private List<TopicChoice> topics = List.of();

    /** The group. */
    public String group() {
        return group.get();
    }

    /** The selection; the whole group if none was given. */
    public PartitionSelection selection() {
        return topics.stream()
                .map(TopicChoice::selection)
                .reduce(PartitionSelection::and)
                .orElseGet(PartitionSelection::all);
    }
}
