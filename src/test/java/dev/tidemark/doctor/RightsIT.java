package dev.tidemark.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The rights that doctor looks for are those that grant_access() gives, no fewer and no more. */
@Tag("exhaustive")
class RightsIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    @ParameterizedTest
    @EnumSource(Privilege.Kind.class)
    void ofEachKind(Privilege.Kind kind) {
        String role = Servers.unique("rights").replace('-', '_');
        database.superuser()
                .execute("create role " + role, "select tidemark.grant_access('" + role + "', '" + kind + "')");
        try {
            List<Privilege> wanted = Privilege.all().stream()
                    .filter(right -> right.kind() == Privilege.Kind.reader || right.kind() == kind)
                    .toList();
            assertThat(database.superuser()
                            .query("select privilege_type || ' ' || table_name from information_schema.table_privileges"
                                    + " where grantee = '" + role + "'"))
                    .containsExactlyInAnyOrderElementsOf(of(wanted, "SELECT", "DELETE"));
            assertThat(database.superuser()
                            .query("select distinct 'EXECUTE ' || routine_name"
                                    + " from information_schema.routine_privileges where grantee = '" + role + "'"))
                    .containsExactlyInAnyOrderElementsOf(of(wanted, "EXECUTE"));
            assertThat(database.superuser()
                            .query("select privilege_type || ' ' || table_name || '.' || column_name"
                                    + " from information_schema.column_privileges where grantee = '" + role
                                    + "' and privilege_type in ('INSERT', 'UPDATE')"))
                    .containsExactlyInAnyOrderElementsOf(columns(wanted, "INSERT", "UPDATE"));
            if (kind == Privilege.Kind.reader) {
                assertThat(database.superuser()
                                .query("select 'SELECT dead_letter.' || column_name"
                                        + " from information_schema.column_privileges where grantee = '" + role
                                        + "' and table_name = 'dead_letter' and privilege_type = 'SELECT'"))
                        .containsExactlyInAnyOrderElementsOf(columns(wanted, "SELECT"));
            }
        } finally {
            database.superuser().execute("drop owned by " + role, "drop role " + role);
        }
    }

    private static List<String> of(List<Privilege> rights, String... privileges) {
        return rights.stream()
                .filter(right -> List.of(privileges).contains(right.action()))
                .filter(right -> right.columns().isEmpty())
                .map(right -> right.action() + " " + right.object())
                .toList();
    }

    private static List<String> columns(List<Privilege> rights, String... privileges) {
        return rights.stream()
                .filter(right -> List.of(privileges).contains(right.action()))
                .flatMap(right ->
                        right.columns().stream().map(column -> right.action() + " " + right.object() + "." + column))
                .toList();
    }
}
