package dev.tidemark.cli.option;

import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.cli.output.CommandException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.Option;

/** Selects a group's partitions. */
public final class ScopeOptions {
    @Option(
            names = "--topic",
            paramLabel = "TOPIC[:P,P]",
            description = "This topic, or these partitions of it. May be repeated.")
    private List<String> topics = new ArrayList<>();

    @Option(names = "--all-topics", description = "All topics of the group.")
    private boolean all;

    /** Whether either option was given. */
    public boolean isGiven() {
        return all || !topics.isEmpty();
    }

    /** The selection; giving neither option is refused (TM-103), as Kafka's tool does. */
    public PartitionSelection selection() {
        if (!isGiven()) {
            throw CommandException.wrongInput("no topics selected: pass --topic TOPIC[:P,P], or --all-topics");
        }
        return selectionOrAll();
    }

    /** The selection; all if neither option was given. */
    public PartitionSelection selectionOrAll() {
        if (all && !topics.isEmpty()) {
            throw CommandException.wrongInput("--topic and --all-topics are mutually exclusive: remove one");
        }
        return parse(topics);
    }

    /** From words like {@code flights} and {@code flights:0,3}; none for all. */
    static PartitionSelection parse(List<String> words) {
        Map<String, Boolean> whole = new HashMap<>();
        PartitionSelection selection = PartitionSelection.all();
        for (String word : words) {
            int colon = word.indexOf(':');
            // No topic's name has blanks.
            String topic = (colon < 0 ? word : word.substring(0, colon)).strip();
            Boolean before = whole.put(topic, colon < 0);
            if (topic.isEmpty() || (before != null && (colon < 0 || before))) {
                throw CommandException.wrongInput(
                        "--topic '" + word + "' names no topic, or one that is already selected");
            }
            PartitionSelection chosen = colon < 0
                    ? PartitionSelection.topics(topic)
                    : PartitionSelection.partitions(partitions(word, colon, topic));
            selection = selection.isAll() ? chosen : selection.and(chosen);
        }
        return selection;
    }

    private static Set<TopicPartition> partitions(String word, int colon, String topic) {
        Set<Integer> numbers = new TreeSet<>();
        for (String number : word.substring(colon + 1).split(",", -1)) {
            numbers.add(partition(word, number));
        }
        return numbers.stream().map(number -> new TopicPartition(topic, number)).collect(Collectors.toSet());
    }

    private static int partition(String word, String number) {
        try {
            int partition = Integer.parseInt(number.strip());
            if (partition >= 0) {
                return partition;
            }
        } catch (NumberFormatException e) {
            // Refused below.
        }
        throw CommandException.wrongInput("--topic '" + word
                + "' is not TOPIC or TOPIC:PARTITION,PARTITION with partitions from 0 to " + Integer.MAX_VALUE);
    }
}
