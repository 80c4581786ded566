package dev.tidemark.bench.kit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import org.postgresql.PGConnection;

/** What becomes of records in the database. The same statements for all contenders. */
public enum Effect {
    /** Appended, all at once by COPY in its binary format. */
    COPY_BINARY {
        @Override
        public void apply(Connection c, List<Flight> flights) throws SQLException {
            FlightCopy.binary(c.unwrap(PGConnection.class), flights);
        }
    },
    /** Appended, all at once by COPY as text. */
    COPY_TEXT {
        @Override
        public void apply(Connection c, List<Flight> flights) throws SQLException {
            FlightCopy.text(c.unwrap(PGConnection.class), flights);
        }
    },
    /** Appended by a JDBC batch, which pgjdbc rewrites to inserts of many rows. */
    MULTI_ROW {
        @Override
        public void apply(Connection c, List<Flight> flights) throws SQLException {
            try (PreparedStatement s = c.prepareStatement(INSERT)) {
                for (Flight flight : flights) {
                    bind(s, flight);
                    s.addBatch();
                }
                s.executeBatch();
            }
        }
    },
    /** Appended by a statement for each record. */
    ROW {
        @Override
        public void apply(Connection c, List<Flight> flights) throws SQLException {
            each(c, INSERT, flights, Effect::bind);
        }
    },
    /** Counted per airport, by one statement: what is applied twice is wrong for ever. */
    FOLD {
        @Override
        public void apply(Connection c, List<Flight> flights) throws SQLException {
            String[] origins = new String[flights.size()];
            Integer[] delays = new Integer[flights.size()];
            for (int i = 0; i < origins.length; i++) {
                origins[i] = flights.get(i).origin();
                delays[i] = flights.get(i).delay();
            }
            try (PreparedStatement s = c.prepareStatement(FOLD_ALL)) {
                s.setArray(1, c.createArrayOf("text", origins));
                s.setArray(2, c.createArrayOf("int4", delays));
                s.executeUpdate();
            }
        }
    },
    /** Counted per airport, by a statement for each record. */
    FOLD_ROW {
        @Override
        public void apply(Connection c, List<Flight> flights) throws SQLException {
            each(c, FOLD_ONE, flights, (s, flight) -> {
                s.setString(1, flight.origin());
                s.setInt(2, flight.delay());
            });
        }
    },
    /** Appended by a statement for each record, which takes the server 2 ms. */
    SLOW {
        @Override
        public void apply(Connection c, List<Flight> flights) throws SQLException {
            each(c, INSERT_SLOWLY, flights, Effect::bind);
        }
    };

    /** One flight appended. */
    public static final String INSERT =
            "insert into flight (flown, delay, distance, origin, destination) values (?::timestamp, ?, ?, ?, ?)";

    /** One flight appended in 2 ms. */
    public static final String INSERT_SLOWLY = "insert into flight (flown, delay, distance, origin, destination)"
            + " select ?::timestamp, ?, ?, ?, ? from pg_sleep(0.002)";

    /** One flight counted. */
    public static final String FOLD_ONE =
            "insert into airport as a (code, departures, total_delay) values (?, 1, ?) on conflict (code) do update"
                    + " set departures = a.departures + 1, total_delay = a.total_delay + excluded.total_delay";

    /** Many flights counted, in key order, so that two of these never deadlock. */
    public static final String FOLD_ALL = "insert into airport as a (code, departures, total_delay)"
            + " select f.code, count(*), sum(f.delay) from unnest(?::text[], ?::int[]) as f(code, delay)"
            + " group by f.code order by f.code on conflict (code) do update"
            + " set departures = a.departures + excluded.departures, total_delay = a.total_delay + excluded.total_delay";

    /** What the effects are written to. */
    public static final List<String> TABLES = List.of(
            "create table flight (flown timestamp not null, delay int not null, distance int not null,"
                    + " origin text not null, destination text not null)",
            "create table airport (code text primary key, departures bigint not null, total_delay bigint not null)"
                    + " with (fillfactor = 50)");

    /** Writes these flights, in the caller's transaction. */
    public abstract void apply(Connection c, List<Flight> flights) throws SQLException;

    /** Whether it counts per airport rather than appends. */
    public boolean folds() {
        return this == FOLD || this == FOLD_ROW;
    }

    private interface Binder {
        void bind(PreparedStatement s, Flight flight) throws SQLException;
    }

    private static void each(Connection c, String sql, List<Flight> flights, Binder binder) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (Flight flight : flights) {
                binder.bind(s, flight);
                s.executeUpdate();
            }
        }
    }

    /** Binds a flight to {@link #INSERT} or {@link #INSERT_SLOWLY}. */
    public static void bind(PreparedStatement s, Flight flight) throws SQLException {
        s.setString(1, flight.date());
        s.setInt(2, flight.delay());
        s.setInt(3, flight.distance());
        s.setString(4, flight.origin());
        s.setString(5, flight.destination());
    }
}
