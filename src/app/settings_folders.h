/* Settings folders, private: the check that no part writes into another's folder. */
#ifndef HS_APP_SETTINGS_FOLDERS_H
#define HS_APP_SETTINGS_FOLDERS_H

#include <hookstream/app.h>

/* Adds an error for any two folders (the journal with its dead letters, file sinks) that are the
 * same, and for each that is inside the journal's or contains it. */
void hs_settings_check_folders(struct hs_config *config, const struct hs_settings *settings);

#endif
