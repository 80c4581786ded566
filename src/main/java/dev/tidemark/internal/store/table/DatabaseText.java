package dev.tidemark.internal.store.table;

import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.core.Encoding;

/** Text as one database can store it: an encoding other than UTF-8 lacks most characters. Used by one thread. */
public final class DatabaseText {
    /** SQL_ASCII accepts any bytes. */
    private static final Set<String> HOLD_ALL = Set.of("UTF8", "SQL_ASCII");

    /** Null if every character can be stored. */
    private final @Nullable CharsetEncoder encoder;

    /** Of a set that includes what the database can store, and perhaps more; null as above. */
    private final @Nullable CharsetEncoder wider;

    private DatabaseText(@Nullable CharsetEncoder encoder, @Nullable CharsetEncoder wider) {
        this.encoder = encoder;
        this.wider = wider;
    }

    /** As the database of this connection stores text. */
    public static DatabaseText of(Connection c) throws SQLException {
        String encoding = c.isWrapperFor(PGConnection.class)
                ? c.unwrap(PGConnection.class).getParameterStatus("server_encoding")
                : null;
        return in(encoding == null ? "UTF8" : encoding);
    }

    /** As a database of this encoding, by PostgreSQL's name, stores text. */
    public static DatabaseText in(String encoding) {
        if (HOLD_ALL.contains(encoding)) {
            return new DatabaseText(null, null);
        }
        // The driver does not know these names.
        Charset charset = encoding.matches("WIN125\\d")
                ? Charset.forName("windows-" + encoding.substring(3))
                : Charset.forName(Encoding.getDatabaseEncoding(encoding).name());
        // Java's tables of larger sets include characters that the server's do not.
        boolean same = charset.name().startsWith("ISO-8859-") || charset.name().startsWith("windows-125");
        return new DatabaseText((same ? charset : StandardCharsets.US_ASCII).newEncoder(), charset.newEncoder());
    }

    /** The text, with a question mark for each character that the database does not know. */
    @Nullable
    String hold(@Nullable String text) {
        CharsetEncoder known = encoder;
        if (known == null || text == null || known.canEncode(text)) {
            return text;
        }
        StringBuilder held = new StringBuilder(text.length());
        text.codePoints()
                .mapToObj(Character::toString)
                .forEach(character -> held.append(known.canEncode(character) ? character : "?"));
        return held.toString();
    }

    /** Whether the database stores text as it comes, so that no character of it can be lacking. */
    public boolean holdsAll() {
        return encoder == null;
    }

    /** Whether the database may know this character; false if it certainly does not. */
    public boolean mayHold(int codePoint) {
        return wider == null || wider.canEncode(Character.toString(codePoint));
    }
}
