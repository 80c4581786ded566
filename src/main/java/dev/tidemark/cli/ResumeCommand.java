package dev.tidemark.cli;

import dev.tidemark.cli.Pauses.Pause;
import java.util.List;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lets what was paused go on. */
@Command(
        name = "resume",
        description = {
            "Ends the pause of a group, of a topic or of a partition, and all pauses within it.",
            "A wider pause goes on: a partition of a paused topic stays paused. Running consumers follow within seconds. A"
                    + " dry run unless --execute. Needs the database only."
        })
final class ResumeCommand implements Callable<Integer> {
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
            if (before.within(scope.chosen()).pauses().isEmpty()) {
                throw nothing(before);
            }
            if (change.execute()) {
                database.beginChange(handle);
                handle.useTransaction(tx -> {
                    DatabaseOptions.limitIdle(tx);
                    int ended = scope.chosen().stream()
                            .mapToInt(pause -> resume(tx, pause))
                            .sum();
                    if (ended == 0) {
                        throw nothing(Pauses.of(tx, database, scope.group()));
                    }
                });
            }
            Pauses after =
                    change.execute() ? Pauses.of(handle, database, scope.group()) : before.without(scope.chosen());
            output.print(PauseScope.listing(places, before, after));
            change.sayIfDry(output);
        }
        return ExitCode.DONE;
    }

    private CommandException nothing(Pauses there) {
        return CommandException.nothingMatched(
                "no pause of group " + scope.group() + " ends by that: " + there.words());
    }

    private int resume(Handle tx, Pause pause) {
        return tx.createQuery(database.sql("select {schema}.resume(:group, :topic, :partition, :reason)"))
                .bind("group", scope.group())
                .bind("topic", pause.topic())
                .bind("partition", pause.partition())
                .bind("reason", change.reason())
                .mapTo(Integer.class)
                .one();
    }
}
