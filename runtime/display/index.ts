export { type Check, pageModel, type ScreenModel, screenModel, selfTestModel } from './model.ts';
export { changed, HOME, idOf, move, type Place, rowsOf } from './navigation.ts';
export {
  type BallotEntry,
  DEFAULT_SETTINGS,
  type Insight,
  type LogEntry,
  type ReleaseEntry,
  type Settings,
} from './page-model.ts';
export { createScreen, type Screen } from './screen.ts';
export { LCD_HEIGHT, LCD_WIDTH, softKeysOf, targetAt } from './screens.ts';
