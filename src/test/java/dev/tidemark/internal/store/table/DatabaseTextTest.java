package dev.tidemark.internal.store.table;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a database of another encoding cannot hold is replaced, and nothing else is. */
class DatabaseTextTest {
    @ParameterizedTest
    @ValueSource(strings = {"UTF8", "SQL_ASCII"})
    void someHoldAll(String encoding) {
        assertThat(DatabaseText.in(encoding).hold("ä 漢字 \ud83d\ude00 \ufffd")).isEqualTo("ä 漢字 \ud83d\ude00 \ufffd");
    }

    @ParameterizedTest
    @CsvSource({
        "LATIN1, ä ? ?",
        "LATIN2, ä ? ?",
        "WIN1251, ? ? ?",
        "EUC_JP, ? ? ?",
        "KOI8R, ? ? ?",
        "MULE_INTERNAL, ? ? ?",
        "SOME_FUTURE_ONE, ? ? ?"
    })
    void othersHoldWhatTheyKnow(String encoding, String held) {
        assertThat(DatabaseText.in(encoding).hold("ä 漢 \ud83d\ude00")).isEqualTo(held);
        assertThat(DatabaseText.in(encoding).hold("plain")).isEqualTo("plain");
    }

    @Test
    void noTextIsNone() {
        assertThat(DatabaseText.in("LATIN1").hold(null)).isNull();
    }
}
