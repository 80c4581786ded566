package dev.tidemark.cli.command;

import dev.tidemark.admin.GroupSummary;
import dev.tidemark.admin.PartitionSummary;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The partitions of a group. */
@Command(
        name = "describe",
        description = {
            "Shows each partition of a group: its offset, its lag, who owns it, and why it has halted or waits.",
            "LAG is in records, as the owners last sampled the log, at SAMPLED-AT. Needs only the database.",
            "With --members: each consumer, and the partitions that it owns."
        })
public final class DescribeCommand implements Callable<Integer> {
    private static final String[] PARTITIONS = {
        "topic",
        "partition",
        "stored_offset",
        "log_end_offset",
        "lag",
        "owner",
        "state",
        "error_code",
        "since",
        "updated_at",
        "sampled_at",
        "error_text"
    };

    private static final String[] MEMBERS = {"owner", "partitions", "assignment"};

    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(names = "--all-groups", description = "All groups of the store.")
    private boolean allGroups;

    @Option(names = "--members", description = "Show the consumers that own partitions, instead of the partitions.")
    private boolean members;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        if (allGroups && group.isGiven()) {
            throw CommandException.wrongInput("--all-groups and a group exclude each other");
        }
        Map<String, List<PartitionSummary>> groups = new LinkedHashMap<>();
        TidemarkAdmin admin = database.looks();
        (allGroups ? admin.groups().stream().map(GroupSummary::group).toList() : List.of(group.get()))
                .forEach(name -> groups.put(name, admin.describe(name)));
        Table table = new Table(Stream.concat(
                        allGroups ? Stream.of("group_id") : Stream.empty(), Stream.of(members ? MEMBERS : PARTITIONS))
                .toArray(String[]::new));
        groups.forEach((name, partitions) -> (members ? members(partitions) : partitions(partitions))
                .map(row -> allGroups ? Stream.concat(Stream.of(name), row.stream()) : row.stream())
                .forEach(row -> table.add(row.toArray())));
        output.print(table);
        return ExitCode.DONE;
    }

    private static Stream<List<@Nullable Object>> partitions(List<PartitionSummary> partitions) {
        return partitions.stream()
                .map(p -> Arrays.asList(
                        p.partition().topic(),
                        p.partition().partition(),
                        p.storedOffset(),
                        p.logEndOffset(),
                        p.lag(),
                        p.owner(),
                        p.state(),
                        p.errorCode(),
                        p.since(),
                        p.updatedAt(),
                        p.sampledAt(),
                        p.errorText()));
    }

    /** Partitions without an owner come last, as those of nobody. */
    private static Stream<List<@Nullable Object>> members(List<PartitionSummary> partitions) {
        Map<String, List<TopicPartition>> owned = new TreeMap<>();
        List<TopicPartition> free = new ArrayList<>();
        partitions.forEach(p -> p.owner()
                .map(owner -> owned.computeIfAbsent(owner, o -> new ArrayList<>()))
                .orElse(free)
                .add(p.partition()));
        Stream<List<@Nullable Object>> rows =
                owned.entrySet().stream().map(member -> row(member.getKey(), member.getValue()));
        return free.isEmpty() ? rows : Stream.concat(rows, Stream.of(row(null, free)));
    }

    private static List<@Nullable Object> row(@Nullable String owner, List<TopicPartition> partitions) {
        return Arrays.asList(
                owner,
                partitions.size(),
                partitions.stream().map(TopicPartition::toString).collect(Collectors.joining(" ")));
    }
}
