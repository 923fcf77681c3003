package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.RequiredTool;
import dtc.testing.Waiting;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;

/** A headless Chromium that a test drives. */
public final class Browser implements AutoCloseable {

    /** Beyond that, a page is cut off in a picture. */
    private static final int PICTURE_HEIGHT_MAX = 2600;

    private static final int TABS_MAX = 20;

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ChromeDriver driver;
    private final Path profile;
    private Runnable beforePoll = () -> {};
    private boolean scriptsAllowed = true;
    private Screen screen = Screen.DESKTOP;

    /** The size of the window. */
    public enum Screen {
        DESKTOP(1280, 800),
        TABLET(768, 1024),
        PHONE(360, 800);

        private final int width;
        private final int height;

        Screen(int width, int height) {
            this.width = width;
            this.height = height;
        }
    }

    private Browser() {
        try {
            profile = Files.createTempDirectory("chromium");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ChromeOptions options = new ChromeOptions();
        options.setBinary(RequiredTool.CHROMIUM.path("chromium").toFile());
        options.addArguments(
                "--headless=new",
                "--no-sandbox", // root has none
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--user-data-dir=" + profile);
        driver = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(
                                RequiredTool.CHROMIUM.path("chromedriver").toFile())
                        .build(),
                options);
        screen(Screen.DESKTOP, false);
    }

    /** Skips the test if Chromium is not installed. */
    public static Browser open() {
        RequiredTool.CHROMIUM.require();
        return new Browser();
    }

    public Browser screen(Screen wanted, boolean dark) {
        screen = wanted;
        size(wanted.height);
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
        return this;
    }

    /** Emulates the preference for reduced motion. Until the next {@link #screen}. */
    public void lessMotion() {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    }

    /** Blocks requests to these URLs, which may contain {@code *}. Without arguments, ends the blocking. */
    public void block(String... urls) {
        driver.executeCdpCommand("Network.enable", Map.of());
        driver.executeCdpCommand("Network.setBlockedURLs", Map.of("urls", List.of(urls)));
    }

    /** Makes the page request its content now. */
    void refresh() {
        if (scriptsAllowed) {
            driver.executeScript("""
                    const live = document.getElementById('live');
                    if (live && window.htmx) {
                      htmx.trigger(live, 'refresh');
                    }
                    """);
        }
    }

    /** Enables or disables scripts. */
    public void scripts(boolean allowed) {
        scriptsAllowed = allowed;
        driver.executeCdpCommand("Emulation.setScriptExecutionDisabled", Map.of("value", !allowed));
    }

    private void size(int height) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of(
                        "width",
                        screen.width,
                        "height",
                        height,
                        "deviceScaleFactor",
                        1,
                        "mobile",
                        screen == Screen.PHONE));
    }

    /** Sets the width of the window, in CSS pixels. Until the next {@link #screen}. */
    Browser width(int width) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", screen.height, "deviceScaleFactor", 1, "mobile", width < 500));
        return this;
    }

    /** Asserts that nothing is wider than the window, no table is cut off, and no text has a few letters per line. */
    void assertFits(int width) {
        assertEquals(
                (long) width,
                driver.executeScript("return document.documentElement.scrollWidth"),
                () -> url() + " at " + width);
        assertEquals(List.of(), driver.executeScript("""
                        const charsMin = 5;
                        const wrong = [...document.querySelectorAll('.table')]
                          .filter(table => table.scrollWidth > table.clientWidth)
                          .map(table => `cut off: ${table.textContent}`);
                        for (const link of document.querySelectorAll('nav a, .top button:not([hidden])')) {
                          const box = link.getBoundingClientRect();
                          if (box.width > 0 && (box.left < 0 || box.right > window.innerWidth)) {
                            wrong.push(`outside: ${link.textContent}`);
                          }
                        }
                        const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
                        for (let text = texts.nextNode(); text; text = texts.nextNode()) {
                          const content = text.textContent.trim();
                          const range = document.createRange();
                          range.selectNodeContents(text);
                          const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;
                          if (lines > 2 && content.length / lines < charsMin) {
                            wrong.push(`${lines} lines: ${content}`);
                          }
                        }
                        return wrong;
                        """), () -> url() + " at " + width);
    }

    public Browser get(String url) {
        driver.get(url);
        return this;
    }

    public String url() {
        return Objects.requireNonNull(driver.getCurrentUrl());
    }

    public String title() {
        return Objects.requireNonNull(driver.getTitle());
    }

    /** The text that is seen, with one space between its parts. */
    public String text() {
        return text("body");
    }

    public String text(String css) {
        return upToDate(() -> driver.findElement(By.cssSelector(css)).getText()).replaceAll("\\s+", " ");
    }

    public int count(String css) {
        return driver.findElements(By.cssSelector(css)).size();
    }

    public void click(String css) {
        click(By.cssSelector(css));
    }

    public void clickLink(String text) {
        click(By.partialLinkText(text));
    }

    private void click(By what) {
        upToDate(() -> {
            driver.findElement(what).click();
            return true;
        });
    }

    /** Again where the page was brought up to date meanwhile, and has another element in the place of that one. */
    private static <T> T upToDate(Supplier<T> look) {
        return Objects.requireNonNull(Waiting.await()
                .pollDelay(Duration.ZERO)
                .ignoreException(StaleElementReferenceException.class)
                .until(look::get, Objects::nonNull));
    }

    public void type(String css, String text) {
        WebElement field = driver.findElement(By.cssSelector(css));
        field.clear();
        field.sendKeys(text);
    }

    public void select(String css, String value) {
        driver.findElement(By.cssSelector("%s option[value='%s']".formatted(css, value)))
                .click();
    }

    /** Presses keys where the focus is, and returns where it is then. */
    public String press(CharSequence keys) {
        upToDate(() -> {
            driver.switchTo().activeElement().sendKeys(keys);
            return true;
        });
        return focused();
    }

    public void tabTo(String name) {
        List<String> passed = new ArrayList<>();
        while (!name.equals(passed.isEmpty() ? "" : passed.getLast())) {
            assertTrue(passed.size() < TABS_MAX, () -> "“%s” is not among %s".formatted(name, passed));
            passed.add(press(Keys.TAB));
        }
    }

    /** What has the focus, by its text or its id. Fails where that cannot be seen. */
    public String focused() {
        return upToDate(this::focusedNow);
    }

    private String focusedNow() {
        WebElement element = driver.switchTo().activeElement();
        String outline = element.getCssValue("outline-style");
        String name = element.getText().isEmpty() ? element.getDomAttribute("id") : element.getText();
        assertTrue(
                !outline.equals("none")
                        || List.of("main", "body").contains(element.getTagName().toLowerCase(Locale.ROOT)),
                () -> "no outline around " + name);
        return name == null ? "" : name;
    }

    public @Nullable Object script(String script) {
        return driver.executeScript(script);
    }

    /** Until the page says so, without being loaded again. */
    public void await(Consumer<Browser> expectation) {
        Waiting.await()
                .atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(100))
                .ignoreExceptionsInstanceOf(org.openqa.selenium.WebDriverException.class)
                .untilAsserted(() -> {
                    beforePoll.run();
                    expectation.accept(this);
                });
    }

    /** Sets what runs before each poll of {@link #await}. */
    void beforePoll(Runnable action) {
        beforePoll = action;
    }

    public void awaitText(String text) {
        await(browser -> assertTrue(browser.text().contains(text), () -> "no “" + text + "” in " + browser.text()));
    }

    /** Checks the page with axe-core, and that nothing sticks out at the side. */
    public void assertAccessible() {
        if (Objects.equals(script("return typeof axe"), "undefined")) {
            driver.executeScript(AXE);
        }
        Object found = driver.executeAsyncScript("""
                const done = arguments[arguments.length - 1];
                axe.run(document, { resultTypes: ['violations'] }).then(
                  result => done(result.violations
                    .map(violation => violation.id + ': ' + violation.nodes.map(node => node.html + ' ' + node.failureSummary).join('; '))),
                  failure => done([String(failure)]));
                """);
        assertEquals(List.of(), found, url() + " on a " + screen);
        assertEquals(
                (long) screen.width,
                Objects.requireNonNull(driver.executeScript("return document.documentElement.scrollWidth")),
                url() + " is wider than a " + screen);
        assertNoTableIsCutOff();
    }

    /** A table may be too wide for a screen, and then it can be moved. */
    private void assertNoTableIsCutOff() {
        assertEquals(List.of(), driver.executeScript("""
                        return [...document.querySelectorAll('.table')]
                          .filter(table => table.scrollWidth > table.clientWidth)
                          .filter(table => getComputedStyle(table).overflowX !== 'auto')
                          .map(table => table.textContent);
                        """));
    }

    /** No refused script or style, no failed request, no exception. */
    public void assertNothingWrongInConsole(String... allowed) {
        List<String> wrong = driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::getMessage)
                .filter(message -> Stream.of(allowed).noneMatch(message::contains))
                .toList();
        assertEquals(List.of(), wrong);
    }

    /** The whole page, into {@code target/console-images}; some of these are copied to {@code docs/images}. */
    public void picture(String name) {
        long height = Math.clamp(
                ((Number) Objects.requireNonNull(driver.executeScript("return document.documentElement.scrollHeight")))
                        .longValue(),
                screen.height,
                PICTURE_HEIGHT_MAX);
        size((int) height);
        Path file = Path.of("target/console-images", name + ".png");
        try {
            Files.createDirectories(Objects.requireNonNull(file.getParent()));
            Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        size(screen.height);
    }

    @Override
    public void close() {
        driver.quit();
        try (Stream<Path> all = Files.walk(profile)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final String AXE = axe();

    private static String axe() {
        try (InputStream in = Objects.requireNonNull(Browser.class.getResourceAsStream("/axe.min.js"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
