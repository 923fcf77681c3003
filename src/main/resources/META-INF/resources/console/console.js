// Shows whether an open page is current. Without this script, pages can be read, and their forms work.
(() => {
  'use strict';

  // The page is requested every 2 s: see tags/live.html.
  const silentMillisMax = 4000;
  const tickMillis = 500;

  const connection = document.getElementById('connection');
  const connectionText = document.getElementById('connection-text');
  const banner = document.getElementById('banner');
  const announcement = document.getElementById('announcement');
  const main = document.getElementById('main');
  const pause = document.getElementById('pause');
  const live = () => document.getElementById('live');
  const asOf = () => Date.parse(live().dataset.asOf);

  // Times on the page are those of the coordinator, since the clock of the browser may be wrong.
  const ahead = live() ? asOf() - performance.now() : 0;
  const now = () => Math.max(ahead + performance.now(), asOf());
  const clock = millis => `${new Date(millis).toISOString().substring(11, 19)} UTC`;

  const noResponse = {
    short: 'Connection lost',
    tone: 'bad',
    text: 'The coordinator does not respond. Check that it is running. If it is, reload the page: you may have to sign in again.',
  };
  let startedAt = live()?.dataset.startedAt;
  let received = performance.now();
  let failure = null;
  let restarted = '';
  let gone = '';
  let paused = false;
  let focused = null;

  // Shows the state of the connection: a dot, a short text, and a banner for details.
  function show(state, shortText, tone = '', text = '') {
    const age = state === 'lost' ? ` Data as of ${clock(asOf())}, ${coarse(now() - asOf())} ago.` : '';
    connection.dataset.state = state;
    write(connectionText, shortText);
    banner.className = `banner ${tone}`;
    banner.hidden = text === '';
    write(banner, text + age);
    main.classList.toggle('stale', state === 'lost');
    if (state === 'lost') {
      markStale();
    }
    // Screen readers read it at each change, so it contains no age.
    const count = (state === 'lost' ? null : live().querySelector('[data-announced]'))?.textContent ?? '';
    write(announcement, [text || `${shortText}.`, count].join(' ').trim());
  }

  // A status that may have changed since must not be read as the present one. The next update replaces it.
  function markStale() {
    for (const status of live().querySelectorAll('.chip, h2 .count, .axis span:last-child')) {
      if (!status.textContent.includes('as of')) {
        write(status, `${status.textContent} as of ${clock(asOf())}`.replace(/^now /, ''));
      }
    }
  }

  function write(element, text) {
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }

  function showState() {
    if (gone !== '') {
      show('lost', 'Not live', 'warn', gone);
    } else if (paused) {
      show('still', `Paused at ${clock(asOf())}`);
    } else if (isSelecting()) {
      show('still', `Paused at ${clock(asOf())} while text is selected`);
    } else if (failure === null && performance.now() - received <= silentMillisMax) {
      show('live', 'Live', 'busy', restarted);
    } else {
      const { short, tone, text } = failure ?? noResponse;
      show('lost', short, tone, text);
    }
  }

  function coarse(millis) {
    const s = Math.max(0, Math.floor(millis / 1000));
    const two = (large, unit, small, smallUnit) => (small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`);
    if (s < 60) {
      return `${s} s`;
    }
    if (s < 3600) {
      return two(Math.floor(s / 60), 'min', s % 60, 's');
    }
    if (s < 86400) {
      return two(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
    }
    return two(Math.floor(s / 86400), 'd', Math.floor((s % 86400) / 3600), 'h');
  }

  // An update would remove the selection.
  function isSelecting() {
    const selection = window.getSelection();
    return !selection.isCollapsed && live().contains(selection.anchorNode);
  }

  function isStill() {
    return gone !== '' || paused || document.hidden || isSelecting();
  }

  document.body.addEventListener('htmx:beforeRequest', event => {
    if (isStill()) {
      received = performance.now();
      event.preventDefault();
    }
  });

  function resume() {
    if (live() && !isStill()) {
      received = performance.now();
      window.htmx?.trigger(live(), 'refresh');
      showState();
    }
  }

  document.addEventListener('visibilitychange', resume);

  pause.addEventListener('click', () => {
    paused = !paused;
    pause.textContent = paused ? 'Resume' : 'Pause';
    showState();
    resume();
  });

  // If an update fails, the last content stays, and the next update is requested as usual.

  // A 404 without this element is from a proxy, or from a coordinator that is starting.
  const isUnknown = ({ status, responseText }) => status === 404 && responseText.includes(' id="message"');
  // A removed transaction does not return. A resource manager may register again, within seconds after a restart.
  const mayComeBack = !location.pathname.includes('/console/transactions/');

  function failed(reason) {
    failure = reason;
    showState();
  }

  function refused(why) {
    failed({ short: 'Not live', tone: 'warn', text: `This page cannot be updated: ${why}.` });
  }

  document.body.addEventListener('htmx:beforeSwap', event => {
    if (isUnknown(event.detail.xhr) && !mayComeBack) {
      gone = 'The transaction was removed.';
      pause.hidden = true;
      showState();
    } else if (event.detail.shouldSwap && !event.detail.xhr.responseText.includes('<div id="live"')) {
      event.detail.shouldSwap = false;
      refused('the response is another page. Reload the page: you may have to sign in again');
    }
  });

  document.body.addEventListener('htmx:responseError', event => {
    const { status } = event.detail.xhr;
    if (isUnknown(event.detail.xhr)) {
      refused('the resource manager is not registered. Retrying');
    } else if (status === 404) {
      refused('the response is 404. The coordinator may be starting, or a proxy may not reach it. Retrying');
    } else {
      refused(`the coordinator responded ${status}`);
    }
  });

  document.body.addEventListener('htmx:sendError', () => failed(noResponse));
  document.body.addEventListener('htmx:timeout', () => failed(noResponse));

  // An update keeps the keyboard focus.

  document.body.addEventListener('htmx:beforeSwap', event => {
    const element = document.activeElement;
    focused = null;
    if (event.detail.shouldSwap && live().contains(element)) {
      const css = ['href', 'data-copy'].filter(name => element.hasAttribute(name))
        .map(name => `[${name}="${CSS.escape(element.getAttribute(name))}"]`).join('');
      if (css !== '') {
        focused = { css, index: [...live().querySelectorAll(css)].indexOf(element) };
      }
    }
  });

  document.body.addEventListener('htmx:afterSwap', () => {
    received = performance.now();
    failure = null;
    if (live().dataset.startedAt !== startedAt) {
      startedAt = live().dataset.startedAt;
      restarted = `The coordinator was restarted at ${new Date(startedAt).toISOString().replace('T', ' ').replace('Z', ' UTC')}. Transactions without a recorded decision were rolled back.`;
    }
    showState();
    prepare();
    if (focused !== null) {
      live().querySelectorAll(focused.css)[focused.index]?.focus({ preventScroll: true });
      focused = null;
    }
  });

  // A second click is not sent. If the user navigates back, the form can be sent again.

  const action = document.querySelector('form.confirm');
  action?.addEventListener('submit', event => {
    if (action.getAttribute('aria-busy') === 'true') {
      event.preventDefault();
    }
    action.setAttribute('aria-busy', 'true');
  });
  window.addEventListener('pageshow', () => action?.removeAttribute('aria-busy'));

  // Buttons that copy.

  document.addEventListener('click', event => {
    const button = event.target.closest('.copy');
    if (button) {
      const text = document.getElementById(button.dataset.copy).textContent;
      navigator.clipboard.writeText(text).then(
        () => {
          const before = button.textContent;
          button.textContent = 'Copied';
          setTimeout(() => {
            button.textContent = before;
          }, 1500);
        },
        () => {
          button.textContent = 'Copying is not allowed';
        });
    }
  });

  function prepare() {
    for (const button of document.querySelectorAll('.copy')) {
      button.hidden = !navigator.clipboard;
    }
  }

  // Updates relative times.

  function tick() {
    for (const time of document.querySelectorAll('time')) {
      const elapsed = now() - Date.parse(time.dateTime);
      const relative = time.querySelector('.relative');
      if (relative) {
        write(relative, elapsed < 0 ? `in ${coarse(-elapsed)}` : elapsed < 1000 ? 'just now' : `${coarse(elapsed)} ago`);
      }
    }
    showState();
  }

  prepare();
  if (live()) {
    if (window.htmx) {
      pause.hidden = false;
    } else {
      gone = 'A script did not load, so this page is not updated. Reload it for current data.';
    }
    showState();
    setInterval(tick, tickMillis);
  } else {
    connection.hidden = true; // the page has no live content
  }
})();
