package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.Tidemark;
import dev.tidemark.testkit.JarLoader;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What is published carries its licence. */
class LicenceIT {
    @Test
    void theLibraryHasItsOwn() throws Exception {
        URL library = Tidemark.class.getProtectionDomain().getCodeSource().getLocation();
        // Other jars have a file of that name, too.
        try (URLClassLoader alone = JarLoader.of(new URL[] {library}, null);
                var licence = alone.getResourceAsStream("META-INF/LICENSE")) {
            assertThat(licence).as("META-INF/LICENSE of the library").isNotNull();
            assertThat(new String(licence.readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo(Files.readString(Path.of("LICENSE")));
        }
    }
}
