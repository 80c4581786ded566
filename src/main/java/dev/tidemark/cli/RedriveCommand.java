package dev.tidemark.cli;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Redriven;
import dev.tidemark.Redriven.Result;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.sql.SqlJob;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.CommonClientConfigs;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Dead letters that are applied after all, by a SQL job. */
@Command(
        name = "redrive",
        description = {
            "Applies dead letters after all, each in a transaction of its own that also removes it.",
            "Of one key the earliest goes first. Works beside running consumers. Needs the database only.",
            "Without --execute it shows what it would try. Ends with 1 unless all took effect."
        })
final class RedriveCommand implements Callable<Integer> {
    /** Their errors are held until a page is through. */
    private static final int PAGE = 1_000;

    @Mixin
    private JobOptions job = new JobOptions();

    @Parameters(index = "1", paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Parameters(
            index = "2..*",
            arity = "0..*",
            paramLabel = "ID",
            description = "Dead letters, as dead-letters list shows them. These or --all are required.")
    private List<Long> ids = new ArrayList<>();

    @Option(names = "--all", description = "All of the group that can be redriven.")
    private boolean all;

    @Option(names = "--execute", description = "Do it. Without this, only what would be done is shown.")
    private boolean execute;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    private DeadLetterChoice choice = new DeadLetterChoice();

    /** Where a dead letter's record is. Its content stays in the database until it is its turn. */
    private record Place(long id, String topic, int partition, long offset) {
        static Place of(Map<String, Object> row) {
            return new Place(
                    (Long) Objects.requireNonNull(row.get("id")),
                    (String) Objects.requireNonNull(row.get("topic")),
                    (Integer) Objects.requireNonNull(row.get("partition")),
                    (Long) Objects.requireNonNull(row.get("record_offset")));
        }
    }

    @Override
    public Integer call() throws SQLException {
        if (ids.isEmpty() != all) {
            throw CommandException.wrongInput("say which: either ids of dead letters or --all");
        }
        SqlJob sql = job.read();
        try (Handle handle = database.open()) {
            choice = DeadLetterChoice.of(group);
            if (!all) {
                refuseUnknown(handle);
            }
            if (page(handle, 0).isEmpty()) {
                choice.check(handle, database);
                output.say("group " + group + " has no dead letters that can be redriven");
                return ExitCode.DONE;
            }
            if (!execute) {
                show(handle);
                return ExitCode.DONE;
            }
            job.check(sql, database.forLooks());
            return redrive(handle, sql) ? ExitCode.DONE : ExitCode.FAILED;
        }
    }

    private void refuseUnknown(Handle handle) {
        Set<Long> missing = new TreeSet<>(ids);
        missing.removeAll(choice.existing(handle, database, ids));
        if (!missing.isEmpty()) {
            throw CommandException.nothingMatched("group " + group + " has no dead letter " + missing
                    + ": tidemark dead-letters list " + group + " shows those that it has");
        }
    }

    /** The next of those that were chosen, without their content. */
    private List<Map<String, Object>> page(Handle handle, long after) {
        return all
                ? choice.redrivable(handle, database, after, PAGE)
                : choice.chosen(handle, database, ids, after, PAGE);
    }

    private void show(Handle handle) {
        Listing listing =
                new Listing("id", "topic", "partition", "record_offset", "error_code", "attempts", "parked_at");
        int count = 0;
        for (List<Map<String, Object>> page = page(handle, 0); !page.isEmpty(); page = page(handle, lastId(page))) {
            for (Map<String, Object> row : page) {
                listing.add(
                        row.get("id"),
                        row.get("topic"),
                        row.get("partition"),
                        row.get("record_offset"),
                        row.get("error_code"),
                        row.get("attempts"),
                        row.get("parked_at"));
                count++;
            }
        }
        output.print(listing);
        output.say("nothing was done: add --execute to redrive " + count + " dead letter(s)");
    }

    private static long lastId(List<Map<String, Object>> page) {
        return Place.of(page.get(page.size() - 1)).id();
    }

    /** Page after page, and those that waited for one of a later page again; answers whether all took effect. */
    private boolean redrive(Handle handle, SqlJob sql) {
        Listing listing = new Listing("id", "topic", "partition", "record_offset", "result", "error");
        try (HikariDataSource pool = Pools.of(database, 2);
                TidemarkConsumer consumer = consumer(sql, pool)) {
            boolean allApplied = true;
            boolean progress = false;
            List<Place> waiting = new ArrayList<>();
            for (List<Map<String, Object>> page = page(handle, 0); !page.isEmpty(); page = page(handle, lastId(page))) {
                Map<Long, Place> places = byId(page.stream().map(Place::of).toList());
                for (Redriven answer : consumer.redrive(places.keySet())) {
                    Place place = Objects.requireNonNull(places.get(answer.id()));
                    progress |= answer.result() == Result.APPLIED;
                    if (answer.result() == Result.WAITS) {
                        waiting.add(place);
                    } else {
                        allApplied &= answer.result() == Result.APPLIED;
                        add(listing, place, answer);
                    }
                }
            }
            Map<Long, Place> left = byId(waiting);
            for (Redriven answer :
                    left.isEmpty() || !progress ? List.<Redriven>of() : consumer.redrive(left.keySet())) {
                allApplied &= answer.result() == Result.APPLIED;
                add(listing, Objects.requireNonNull(left.remove(answer.id())), answer);
            }
            for (Place place : left.values()) {
                allApplied = false;
                add(listing, place, new Redriven(place.id(), Result.WAITS, Optional.empty()));
            }
            output.print(listing);
            return allApplied;
        }
    }

    private static Map<Long, Place> byId(List<Place> places) {
        Map<Long, Place> byId = new TreeMap<>();
        places.forEach(place -> byId.put(place.id(), place));
        return byId;
    }

    private static void add(Listing listing, Place place, Redriven answer) {
        listing.add(
                place.id(),
                place.topic(),
                place.partition(),
                place.offset(),
                answer.result(),
                answer.error().map(Throwable::getMessage).orElse(null));
    }

    private TidemarkConsumer consumer(SqlJob sql, HikariDataSource pool) {
        // It never runs, so Kafka is never asked, and no topic is read.
        Map<String, Object> nowhere = Map.of(
                CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
                "localhost:9092",
                CommonClientConfigs.GROUP_ID_CONFIG,
                group);
        return TidemarkConsumer.from(nowhere)
                .topics("none")
                .database(pool)
                .schema(database.schema().name())
                .handleBatch(sql);
    }
}
