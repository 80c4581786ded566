package dev.tidemark.testkit;

import dev.tidemark.errors.ErrorCode;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/** A test that provokes these errors, and fails if one of them did not come; each code needs one such test. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ProvokedCodes.class)
public @interface Provokes {
    ErrorCode[] value();
}
