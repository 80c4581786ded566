package dev.tidemark.cli;

import dev.tidemark.cli.Pauses.Pause;
import java.util.List;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lets something stand still. */
@Command(
        name = "pause",
        description = {
            "Lets a group, some of its topics or some of their partitions stand still until they are resumed.",
            "Running consumers follow within seconds, finish what is open, and keep their assignment. Shows the partitions"
                    + " concerned, and how much of the group a pause stops at each, before and after. A dry run unless"
                    + " --execute. Needs the database only."
        })
final class PauseCommand implements Callable<Integer> {
    @Mixin
    private PauseScope scope = new PauseScope();

    @Mixin
    private ChangeOptions change = new ChangeOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        try (Handle handle = database.open()) {
            List<PauseScope.Place> places = scope.places(handle, database);
            Pauses before = Pauses.of(handle, database, scope.group());
            if (change.execute()) {
                database.beginChange(handle);
                handle.useTransaction(tx -> {
                    DatabaseOptions.limitIdle(tx);
                    scope.chosen().forEach(pause -> pause(tx, pause));
                });
            }
            Pauses after = change.execute() ? Pauses.of(handle, database, scope.group()) : before.with(scope.chosen());
            output.print(PauseScope.listing(places, before, after));
            change.sayIfDry(output);
        }
        return ExitCode.DONE;
    }

    private void pause(Handle tx, Pause pause) {
        tx.createQuery(database.sql("select {schema}.pause(:group, :topic, :partition, :reason)"))
                .bind("group", scope.group())
                .bind("topic", pause.topic())
                .bind("partition", pause.partition())
                .bind("reason", change.reason())
                .mapTo(Boolean.class)
                .one();
    }
}
