package dev.tidemark.cli;

import dev.tidemark.cli.Pauses.Pause;
import java.util.List;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which part of a group is to stand still or to go on, and how that is shown. */
final class PauseScope {
    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Option(
            names = "--topic",
            paramLabel = "TOPIC[:P,...]",
            converter = TopicChoice.Converter.class,
            description = "A topic, or some of its partitions, such as flights:0,2. May be repeated. Default: the whole"
                    + " group.")
    private List<TopicChoice> topics = List.of();

    /** Where the group stands in a partition. */
    record Place(
            String topic,
            int partition,
            long stored,
            @Nullable Long lag,
            @Nullable String owner) {}

    String group() {
        return group;
    }

    /** What was chosen. */
    List<Pause> chosen() {
        return Pauses.chosen(topics);
    }

    /** The partitions concerned; refuses what the group does not have (TM-601). */
    List<Place> places(Handle handle, DatabaseOptions database) {
        List<Place> all = handle.createQuery(
                        database.sql("select topic, partition, stored_offset, lag, owner from {schema}.consumer_lag"
                                + " where group_id = :group order by topic, partition"))
                .bind("group", group)
                .map((row, context) -> new Place(
                        row.getString("topic"),
                        row.getInt("partition"),
                        row.getLong("stored_offset"),
                        row.getObject("lag", Long.class),
                        row.getString("owner")))
                .list();
        if (all.isEmpty()) {
            throw Groups.unknown(handle, database, group);
        }
        for (Pause pause : chosen()) {
            if (all.stream().noneMatch(place -> pause.covers(place.topic(), place.partition()))) {
                throw missing(pause, all);
            }
        }
        return all.stream()
                .filter(place -> chosen().stream().anyMatch(pause -> pause.covers(place.topic(), place.partition())))
                .toList();
    }

    private CommandException missing(Pause pause, List<Place> all) {
        String partitions = all.stream()
                .filter(place -> place.topic().equals(pause.topic()))
                .map(place -> Integer.toString(place.partition()))
                .collect(Collectors.joining(", "));
        String topics = all.stream().map(Place::topic).distinct().collect(Collectors.joining(", "));
        return CommandException.nothingMatched("group " + group + " has no stored offset for " + pause.words() + ": "
                + (partitions.isEmpty() ? "its topics are " + topics : "there are " + partitions));
    }

    /** The partitions, and what keeps each of them before and after. */
    static Listing listing(List<Place> places, Pauses before, Pauses after) {
        Listing listing =
                new Listing("topic", "partition", "stored_offset", "lag", "owner", "paused_before", "paused_after");
        for (Place place : places) {
            listing.add(
                    place.topic(),
                    place.partition(),
                    place.stored(),
                    place.lag(),
                    place.owner(),
                    extent(before, place),
                    extent(after, place));
        }
        return listing;
    }

    /** How much of the group the pause stops that keeps this partition. */
    private static String extent(Pauses pauses, Place place) {
        return pauses.keeping(place.topic(), place.partition())
                .map(pause -> pause.topic() == null ? "group" : pause.partition() == null ? "topic" : "partition")
                .orElse("no");
    }
}
