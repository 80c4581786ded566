package dev.tidemark.bench.kit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Writes flights by COPY, a unit in one piece. */
final class FlightCopy {
    private static final String INTO = "copy flight (flown, delay, distance, origin, destination) from stdin";

    /** The signature, no flags, no extension: from PostgreSQL's manual, COPY, "Binary Format". */
    private static final byte[] HEADER = {
        'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0, 0, 0, 0, 0, 0, 0, 0, 0
    };

    /** Column count, five lengths, a timestamp, two integers. */
    private static final int FIXED = 2 + 5 * 4 + 8 + 2 * 4;

    private FlightCopy() {}

    static void binary(PGConnection c, List<Flight> flights) throws SQLException {
        int size = HEADER.length + 2;
        for (Flight flight : flights) {
            size += FIXED + flight.origin().length() + flight.destination().length();
        }
        ByteBuffer rows = ByteBuffer.allocate(size);
        rows.put(HEADER);
        for (Flight flight : flights) {
            rows.putShort((short) 5);
            rows.putInt(8).putLong(flight.postgresMicros());
            rows.putInt(4).putInt(flight.delay());
            rows.putInt(4).putInt(flight.distance());
            put(rows, flight.origin());
            put(rows, flight.destination());
        }
        rows.putShort((short) -1);
        send(c, INTO + " (format binary)", rows.array());
    }

    /** Airports' codes are ASCII. */
    private static void put(ByteBuffer rows, String code) {
        byte[] bytes = code.getBytes(StandardCharsets.ISO_8859_1);
        rows.putInt(bytes.length).put(bytes);
    }

    static void text(PGConnection c, List<Flight> flights) throws SQLException {
        StringBuilder rows = new StringBuilder(flights.size() * 40);
        for (Flight flight : flights) {
            rows.append(flight.date()).append('\t').append(flight.delay()).append('\t');
            rows.append(flight.distance()).append('\t').append(flight.origin()).append('\t');
            rows.append(flight.destination()).append('\n');
        }
        send(c, INTO, rows.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private static void send(PGConnection c, String sql, byte[] rows) throws SQLException {
        CopyIn copy = c.getCopyAPI().copyIn(sql);
        try {
            copy.writeToCopy(rows, 0, rows.length);
            copy.endCopy();
        } finally {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        }
    }
}
