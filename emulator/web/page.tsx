import { render } from 'preact';
import { App } from './app.tsx';
import { Live } from './live.ts';
import { restoreTheme } from './theme.ts';

restoreTheme();
const live = new Live(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`);
render(<App live={live} />, document.getElementById('page')!);
