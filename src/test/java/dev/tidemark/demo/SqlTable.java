package dev.tidemark.demo;

import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;

/** A query with its rows, laid out as psql does. */
final class SqlTable {
    private static final String GAP = " | ";

    private SqlTable() {}

    static void print(TestDatabase database, String sql, Screen screen) {
        try (Connection c = database.as(DatabaseRole.OPERATOR).connect();
                Statement s = c.createStatement();
                ResultSet rows = s.executeQuery(sql)) {
            sql.lines().forEach(line -> screen.line("  %s", line));
            screen.line("");
            layOut(rows).forEach(line -> screen.line("  %s", line));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> layOut(ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        List<List<String>> cells = new ArrayList<>();
        cells.add(new ArrayList<>());
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            cells.get(0).add(columns.getColumnLabel(i));
        }
        while (rows.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                String cell = rows.getString(i);
                row.add(cell == null ? "" : cell);
            }
            cells.add(row);
        }

        List<StringBuilder> lines = new ArrayList<>();
        cells.forEach(row -> lines.add(new StringBuilder()));
        StringBuilder rule = new StringBuilder();
        for (int i = 0; i < columns.getColumnCount(); i++) {
            int column = i;
            int width = cells.stream()
                    .mapToInt(row -> row.get(column).length())
                    .max()
                    .orElse(0);
            boolean right = isNumber(columns.getColumnType(i + 1));
            for (int row = 0; row < cells.size(); row++) {
                String cell = cells.get(row).get(i);
                String padding = " ".repeat(width - cell.length());
                lines.get(row).append(i == 0 ? "" : GAP).append(right ? padding + cell : cell + padding);
            }
            rule.append(i == 0 ? "" : "-+-").append("-".repeat(width));
        }
        List<String> result = new ArrayList<>(lines.stream()
                .map(StringBuilder::toString)
                .map(String::stripTrailing)
                .toList());
        result.add(1, rule.toString());
        return result;
    }

    private static boolean isNumber(int type) {
        return type == Types.INTEGER || type == Types.BIGINT;
    }
}
