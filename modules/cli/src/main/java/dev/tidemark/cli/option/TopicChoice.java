package dev.tidemark.cli.option;

import dev.tidemark.admin.PartitionSelection;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A topic or some of its partitions, as Kafka's tools write it: {@code flights} or {@code flights:0,2}.
 *
 * @param partitions empty for all of them
 */
public record TopicChoice(String topic, List<Integer> partitions) {
    /** Possessive: what may be given back is kept on the stack, and a long list would exhaust it. */
    private static final Pattern GRAMMAR =
            Pattern.compile("([a-zA-Z0-9._-]+)\\s*(?::\\s*(\\d++(?:\\s*,\\s*\\d++)*+))?");

    /** Refuses everything else. */
    public static TopicChoice parse(String text) {
        Matcher m = GRAMMAR.matcher(text.strip());
        if (!m.matches()) {
            throw refused(text);
        }
        try {
            List<Integer> partitions = m.group(2) == null
                    ? List.of()
                    : Arrays.stream(m.group(2).split("\\s*,\\s*"))
                            .map(Integer::valueOf)
                            .distinct()
                            .sorted()
                            .toList();
            return new TopicChoice(m.group(1), partitions);
        } catch (NumberFormatException e) {
            throw refused(text);
        }
    }

    private static TypeConversionException refused(String text) {
        return new TypeConversionException("'" + text + "' is neither a topic nor partitions of one, from 0 to "
                + Integer.MAX_VALUE + ", such as flights:0,2");
    }

    /** The selected partitions. */
    public PartitionSelection selection() {
        return partitions.isEmpty()
                ? PartitionSelection.topics(topic)
                : PartitionSelection.partitions(partitions.stream()
                        .map(partition -> new TopicPartition(topic, partition))
                        .toList());
    }

    /** For picocli: the name of a topic alone; blanks around it are no part of it. */
    public static final class Name implements ITypeConverter<String> {
        @Override
        public String convert(String value) {
            String name = value.strip();
            if (name.isEmpty()) {
                throw new TypeConversionException("'" + value + "' is no name of a topic");
            }
            return name;
        }
    }

    /** For picocli. */
    public static final class Converter implements ITypeConverter<TopicChoice> {
        @Override
        public TopicChoice convert(String value) {
            return parse(value);
        }
    }
}
