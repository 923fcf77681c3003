// What keeps a page live. Without it every page can be read, and its forms work.
(() => {
  'use strict';

  const beatsMissedMax = 3;
  const beatMillis = 2000;
  const fullMillis = 10000;
  const againMillisMin = 1000;
  const againMillisMax = 30000;

  const connection = document.getElementById('connection');
  const words = document.getElementById('connection-words');
  const banner = document.getElementById('banner');
  const spoken = document.getElementById('spoken');
  const main = document.getElementById('main');
  const pause = document.getElementById('pause');
  const live = () => document.getElementById('live');
  // The times of the page are the coordinator's, and the viewer's clock may go wrong.
  let ahead = Date.parse(document.body.dataset.asOf) - Date.now();
  const now = () => Date.now() + ahead;
  const clock = () => `${new Date(now()).toISOString().substring(11, 19)} UTC`;

  let startedAt = document.body.dataset.startedAt;
  let seenAt = clock();
  let beats = null;
  let lastBeat = Date.now();
  let askedAt = 0;
  let againMillis = againMillisMin;
  let retry = 0;
  let restarted = '';
  let gone = false;
  let paused = false;
  let focused = null;

  // The one place where the page says how it is: a dot, a word, and where there is more to say, a banner.
  function say(state, word, tone = '', text = '') {
    connection.dataset.state = state;
    write(words, word);
    banner.className = `banner ${tone}`;
    banner.hidden = text === '';
    write(banner, text);
    main.classList.toggle('stale', state === 'lost');
    // Read out loud when it changes: no word of it may change while the state and the count stay.
    const count = live()?.querySelector('[data-spoken]')?.textContent ?? '';
    write(spoken, [text || `${word}.`, count].join(' ').trim());
  }

  function write(element, text) {
    if (element.textContent !== text) {
      element.textContent = text;
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

  // Beats: the coordinator says when to look again.

  function beat(event) {
    const at = JSON.parse(event.data);
    ahead = Date.parse(at.at) - Date.now();
    againMillis = againMillisMin;
    if (at.full) {
      full();
      return;
    }
    if (at.startedAt !== startedAt) {
      startedAt = at.startedAt;
      restarted = `The coordinator was restarted at ${new Date(startedAt).toISOString().replace('T', ' ').replace('Z', ' UTC')}. What it had not recorded is gone.`;
    }
    lastBeat = Date.now();
    if (isSelecting()) {
      say('still', `Held at ${seenAt}, while text is selected`);
    } else {
      document.body.dispatchEvent(new Event('beat'));
    }
  }

  // It answers, and keeps no more pages up to date. Left alone, the browser would ask again every few seconds.
  function full() {
    stop();
    say('lost', 'Not live', 'warn', `Too many pages are open, so this one is not kept up to date. Reload it to see what is new. Trying again every ${coarse(fullMillis)}.`);
    clearTimeout(retry);
    retry = setTimeout(listen, fullMillis);
  }

  // A refresh would undo a selection that is about to be copied.
  function isSelecting() {
    const selection = window.getSelection();
    return !selection.isCollapsed && live().contains(selection.anchorNode);
  }

  function listen() {
    if (beats === null && !gone && !document.hidden && !paused) {
      lastBeat = Date.now();
      askedAt = lastBeat;
      beats = new EventSource('console/beats');
      beats.onmessage = beat;
    }
  }

  function stop() {
    if (beats !== null) {
      beats.close();
      beats = null;
    }
  }

  function check() {
    if (beats === null) {
      return;
    }
    if (Date.now() - lastBeat > beatsMissedMax * beatMillis) {
      say('lost', 'Connection lost', 'bad', `Nothing is heard from the coordinator. What you see is of ${seenAt}. Trying again.`);
      // Refused outright, the browser does not try again by itself. Whoever refuses may be asked by many, so ever less often.
      if (beats.readyState === EventSource.CLOSED && Date.now() - askedAt >= againMillis) {
        const since = lastBeat;
        againMillis = Math.min(2 * againMillis, againMillisMax);
        stop();
        listen();
        lastBeat = since;
      }
    }
  }

  // A browser has few connections to one host: a page that nobody sees gives back its own.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden && beats !== null) {
      stop();
      say('still', `As of ${seenAt}`);
    } else {
      listen();
    }
  });

  pause.addEventListener('click', () => {
    paused = !paused;
    pause.textContent = paused ? 'Resume' : 'Pause';
    if (paused) {
      stop();
      say('still', `Paused at ${seenAt}`);
    } else {
      listen();
    }
  });

  // htmx: whatever comes in place of the page, what was seen last stays.

  // Only a page of ours tells that its subject is not known: a proxy, or a coordinator that starts, may answer 404 to all.
  const isUnknown = ({ status, responseText }) => status === 404 && responseText.includes(' id="message"');
  // A transaction that was forgotten stays so. A resource manager may register again, which after a restart takes seconds.
  const mayComeBack = !location.pathname.includes('/console/transactions/');

  function couldNot(why) {
    if (beats !== null) {
      say('lost', 'Not live', 'warn', `This page cannot be brought up to date: ${why}. What you see is of ${seenAt}.`);
    }
  }

  document.body.addEventListener('htmx:beforeSwap', event => {
    if (isUnknown(event.detail.xhr) && !mayComeBack) {
      gone = true;
      stop();
      pause.hidden = true;
      say('lost', 'Not live', 'warn', `This was forgotten meanwhile. What you see is what was known last, at ${seenAt}.`);
    } else if (event.detail.shouldSwap && !event.detail.xhr.responseText.includes('<div id="live"')) {
      event.detail.shouldSwap = false;
      couldNot('another page came in its place. Reload it: perhaps you are to sign in again');
    }
  });

  document.body.addEventListener('htmx:responseError', event => {
    const { status } = event.detail.xhr;
    if (isUnknown(event.detail.xhr)) {
      couldNot('the resource manager is not registered now, and nothing waits for it. Trying again');
    } else if (status === 404) {
      couldNot('404 came, and not from its coordinator: perhaps that is being started, or a proxy does not find it. Trying again');
    } else {
      couldNot(`the coordinator answered ${status}`);
    }
  });

  document.body.addEventListener('htmx:sendError', () => couldNot('no answer came. Reload it if that lasts: perhaps you are to sign in again'));
  document.body.addEventListener('htmx:timeout', () => couldNot('the coordinator took too long'));

  // Whoever goes through the page by keyboard stays where they are.

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

  // Only what has really come is live.
  document.body.addEventListener('htmx:afterSwap', () => {
    seenAt = clock();
    if (beats !== null) {
      say('live', 'Live', 'busy', restarted);
    }
    prepare();
    if (focused !== null) {
      live().querySelectorAll(focused.css)[focused.index]?.focus({ preventScroll: true });
      focused = null;
    }
  });

  // Done once, an action finds nothing more to do, so a second click is not sent. Whoever comes back finds the form free.

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
          button.textContent = 'Not allowed';
        });
    }
  });

  function prepare() {
    for (const button of document.querySelectorAll('.copy')) {
      button.hidden = !navigator.clipboard;
    }
  }

  // Relative times go on between two looks.

  function tick() {
    for (const time of document.querySelectorAll('time')) {
      const elapsed = now() - Date.parse(time.dateTime);
      const relative = time.querySelector('.relative');
      const text = elapsed < 0 ? `in ${coarse(-elapsed)}` : elapsed < 1000 ? 'just now' : `${coarse(elapsed)} ago`;
      if (relative && relative.textContent !== text) {
        relative.textContent = text;
      }
    }
    check();
  }

  prepare();
  if (live()) {
    setInterval(tick, 1000);
    if (window.htmx) {
      pause.hidden = false;
      listen();
    } else {
      gone = true;
      say('lost', 'Not live', 'warn', `A script did not load, so this page is not kept up to date. What you see is of ${seenAt}. Reload it to see what is new.`);
    }
  } else {
    gone = true; // it is as it was asked for, and needs no stream
    connection.hidden = true;
  }
})();
