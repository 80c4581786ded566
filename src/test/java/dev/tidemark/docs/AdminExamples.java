package dev.tidemark.docs;

import dev.tidemark.admin.ChangeOptions;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.OffsetsFile;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.PlanOptions;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.errors.TidemarkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;

/** The code that docs/admin.md shows besides its program. */
final class AdminExamples {
    private AdminExamples() {}

    static void effects(TidemarkAdmin admin, String group) {
        // docs: effects
        var plan = admin.planReset(group, OffsetTarget.earliest(), PartitionSelection.all());
        var options = ChangeOptions.none().withReason("handler fixed").withEffects(connection -> {
            try (PreparedStatement delete = connection.prepareStatement("delete from applied where topic = ?")) {
                delete.setString(1, "flights");
                delete.execute();
            }
        });
        admin.execute(plan, options);
        // docs: end
    }

    static void pause(TidemarkAdmin admin, String group) {
        // docs: pause
        var why = ChangeOptions.none().withReason("repairs");
        admin.execute(admin.planPause(group, PartitionSelection.topics("flights")), why);
        // the group's other topics continue
        admin.execute(admin.planResume(group, PartitionSelection.topics("flights")), why);
        // docs: end
    }

    static void copy(TidemarkAdmin from, TidemarkAdmin to, String group, Path file) throws IOException {
        // docs: copy
        Files.writeString(file, OffsetsFile.print(from.offsets(group, PartitionSelection.all())));
        var offsets = OffsetsFile.read(file).of(group);
        to.execute(to.planImport(group, offsets, PlanOptions.defaults().withMissing(PlanOptions.Missing.REFUSE)));
        // docs: end
    }

    static boolean errors(TidemarkAdmin admin, String group) {
        // docs: errors
        try {
            var plan = admin.planDeletion(group);
            admin.execute(plan, ChangeOptions.none());
            return true;
        } catch (TidemarkException e) {
            return switch (e.code()) {
                case NOTHING_MATCHED -> true; // no such group
                case CHANGE_REFUSED -> false; // owned, or dead letters remain: the message says which
                default -> throw e;
            };
        }
        // docs: end
    }
}
