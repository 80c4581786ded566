package dev.tidemark.docs;

// docs: program
import dev.tidemark.admin.ChangeOptions;
import dev.tidemark.admin.ChangeResult;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.ResetPlan;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.admin.UndoPlan;
import java.time.Instant;
import java.util.Map;
import org.postgresql.ds.PGSimpleDataSource;

class ResetAndUndo {
    public static void main(String... args) {
        String group = args[2];
        var database = new PGSimpleDataSource();
        database.setUrl(args[0]);
        var admin = TidemarkAdmin.builder(database)
                .kafka(Map.of("bootstrap.servers", args[1]))
                .build();

        ResetPlan plan = admin.planReset(group, OffsetTarget.since(Instant.parse(args[3])), PartitionSelection.all());
        System.out.println(plan); // nothing is changed yet
        ChangeResult done = admin.execute(plan, ChangeOptions.none().withReason("skip the backlog"));
        System.out.println("change " + done.changeId().getAsLong() + ": " + done.moves());

        UndoPlan undo = admin.planUndo(group, done.changeId().getAsLong());
        System.out.println(undo);
        admin.execute(undo, ChangeOptions.none().withReason("it was needed after all"));
        admin.describe(group).forEach(System.out::println);
    }
}
// docs: end
